"""The WSGI application: `flask run` and gunicorn find it here."""

import sys

import click

from videosession.app import create_app, serve
from videosession.config import ConfigError
from videosession.embedded import NotInstalledError

try:
    app = create_app()
    command = click.get_current_context(silent=True)
    if command is None or command.info_name == "run":  # other flask commands load the app, too, and serve nobody
        serve(app)
except (ConfigError, NotInstalledError) as error:
    sys.exit(str(error))
