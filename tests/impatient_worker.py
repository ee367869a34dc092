"""The service's worker with deadlines that a test can wait for."""

from videosession import worker
from videosession.worker import Worker

__all__ = ["Worker"]

worker.HEAD_SECONDS = 0.4
worker.BODY_SECONDS = 0.4
worker.STALL_SECONDS = 0.4
worker.LINGER_SECONDS = 0.2
