"""Background work: one thread in each serving process looks after the indexes and sweeps."""

import logging
import random
import threading
from collections.abc import Callable, Iterable

from pymongo.errors import PyMongoError

from videosession.database.errors import meaning
from videosession.errors import DatabaseAway, DatabaseFailure

log = logging.getLogger(__name__)

PAUSE_SECONDS = 300
RETRY_SECONDS = 2


class Upkeep:
    """Runs each of `once` until it is over, then each of `again` every few minutes, in each process, after fork."""

    def __init__(self, once: Iterable[Callable[[], object]], again: Iterable[Callable[[], object]]):
        self._once = once
        self._again = again
        self._pause = threading.Event()

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="upkeep", daemon=True).start()

    def _run(self) -> None:
        for task in self._once:
            while not _is_over(task):
                self._pause.wait(RETRY_SECONDS)
        while True:
            # Workers that started together should not sweep together.
            self._pause.wait(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311, nothing secret
            for task in self._again:
                _is_over(task)


def _is_over(task: Callable[[], object]) -> bool:
    """Return whether it is done, or can never be done because the database refuses it."""
    try:
        task()
    except (PyMongoError, DatabaseFailure) as error:
        failure = error if isinstance(error, DatabaseFailure) else meaning(error)
        if not isinstance(failure, DatabaseAway):
            log.error("upkeep: %s", failure.detail)
            return True
        log.info("upkeep waits for the database: %s", error)
        return False
    except Exception:  # the thread must live: without it nothing is swept any more
        log.exception("upkeep failed by a mistake of the service")
        return False
    return True
