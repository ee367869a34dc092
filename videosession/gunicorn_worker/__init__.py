"""gunicorn's worker: receives requests and sends answers. Knows no Flask, no sessions and no database."""
