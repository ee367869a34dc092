"""The service's worker with deadlines that a test can wait for."""

from tests.counted_worker import Worker
from videosession import connection, gunicorn_worker

__all__ = ["Worker"]

connection.HEAD_SECONDS = gunicorn_worker.HEAD_SECONDS = 0.4
connection.BODY_SECONDS = 0.4
connection.STALL_SECONDS = 0.4
gunicorn_worker.LINGER_SECONDS = 0.2
