"""Background work: one thread in each serving process creates indexes, checks the database and sweeps."""

import logging
import random
import threading
from collections.abc import Callable, Iterable

from pymongo.errors import PyMongoError

from videosession.database.errors import meaning
from videosession.errors import DatabaseFailure, DatabaseUnavailable

log = logging.getLogger(__name__)

PAUSE_SECONDS = 300
RETRY_SECONDS = 2


class Upkeep:
    """Runs each task of `once` until it succeeds or cannot, then each of `again` every few minutes."""

    def __init__(self, once: Iterable[Callable[[], object]], again: Iterable[Callable[[], object]]):
        self._once = once
        self._again = again
        self._pause = threading.Event()

    def start(self) -> None:
        """Start the thread, which ends with the process; call it after a fork."""
        threading.Thread(target=self._run, name="upkeep", daemon=True).start()

    def _run(self) -> None:
        for task in self._once:
            while not _run_task(task):
                self._pause.wait(RETRY_SECONDS)
        while True:
            # The random pause keeps workers that started together from sweeping together.
            self._pause.wait(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311, nothing secret
            for task in self._again:
                _run_task(task)


def _run_task(task: Callable[[], object]) -> bool:
    """Run a task; return whether it is done, or never can be because the database refuses it."""
    try:
        task()
    except (PyMongoError, DatabaseFailure) as error:
        failure = error if isinstance(error, DatabaseFailure) else meaning(error)
        if not isinstance(failure, DatabaseUnavailable):
            log.error("upkeep: %s", failure.detail)
            return True
        log.info("upkeep waits for the database: %s", error)
        return False
    except Exception:  # the thread must survive, or nothing would be swept any more
        log.exception("upkeep failed by a mistake of the service")
        return False
    return True
