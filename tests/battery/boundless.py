"""The service as it must not be: a body may have as many values as fit into it. A control, for gunicorn to load."""

from videosession.contract import bodies

bodies.MOST_VALUES = 10**9

from wsgi import app  # noqa: E402, the bound is lifted before the service is made

__all__ = ["app"]
