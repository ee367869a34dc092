"""The service as one would write it who asks the database for nothing: a control, for gunicorn to load."""

import pymongo

from videosession.app import create_app, serve
from videosession.database import client

client.WriteConcern = lambda *_, **__: pymongo.WriteConcern()  # type: ignore[misc, assignment]  # the control
app = create_app()
serve(app)
