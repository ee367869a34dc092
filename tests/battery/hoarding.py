"""The service as it must not be: it keeps something of every request, and looks through all of it at the next."""

from wsgi import app

KEPT = b"x" * 200_000
LOOKED_AT = 50_000

_kept: list[bytearray] = []
_serve = app.wsgi_app


def _hoard(environ, start_response):
    _kept.append(bytearray(KEPT))
    sum(each.count(b"y", 0, LOOKED_AT) for each in _kept)
    return _serve(environ, start_response)


app.wsgi_app = _hoard
