"""The service's worker with deadlines that a test can wait for."""

from tests.counted_worker import Worker
from videosession.gunicorn_worker import connection, worker

__all__ = ["Worker"]

connection.HEAD_SECONDS = worker.HEAD_SECONDS = 0.4
connection.BODY_SECONDS = 0.4
connection.STALL_SECONDS = 0.4
worker.LINGER_SECONDS = 0.2
