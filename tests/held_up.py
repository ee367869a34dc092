"""An application whose answers wait until somebody asks for /go, for gunicorn to load."""

import threading

LONGEST_SECONDS = 60

_gone = threading.Event()


def app(environ, start_response):
    if environ["PATH_INFO"] == "/go":
        _gone.set()
    elif environ["PATH_INFO"] == "/held":
        _gone.wait(LONGEST_SECONDS)
    start_response("200 OK", [("Content-Length", "0")])
    return []
