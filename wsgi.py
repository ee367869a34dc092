"""The WSGI application: `flask run` and gunicorn find it here."""

import gc
import sys
from typing import NoReturn

import click

from videosession.app import create_app, serve
from videosession.config import ConfigError
from videosession.embedded import EmbeddedError

GUNICORN_STOPS_AT = 4  # the exit status of a worker for which gunicorn does not start another (APP_LOAD_ERROR)


def _refuse(reason: str) -> NoReturn:
    """End the process with a message; under gunicorn the whole server, or it would start workers for ever."""
    click.echo(reason, err=True)
    sys.exit(GUNICORN_STOPS_AT if "gunicorn.arbiter" in sys.modules else 1)


try:
    app = create_app()
    command = click.get_current_context(silent=True)
    if command is None or command.info_name == "run":  # other flask commands load the app, too, and serve nobody
        serve(app)
        # What is there now stays: looking it all through for garbage took a third of the time of reading 10 000 events.
        gc.freeze()
except (ConfigError, EmbeddedError) as error:
    _refuse(str(error))
