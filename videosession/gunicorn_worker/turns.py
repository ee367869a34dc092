"""A fair thread pool for requests: clients take turns, and no client gets the last thread."""

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, NamedTuple

MOMENT_SECONDS = 0.5


class _Task(NamedTuple):
    client: Hashable
    future: Future
    work: Callable[[], Any]


class Turns:
    """A pool of threads with a queue of tasks for each client, served round-robin."""

    def __init__(self, threads: int):
        self._most = max(threads - 1, 1)
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, deque[_Task]] = {}  # by client, in the order of their turns
        self._running: Counter[Hashable] = Counter()
        self._held_back = 0  # tasks that wait for another task of their client, and not for a thread
        self._taken_back = 0  # entries in `_calls` whose tasks were cancelled
        # One entry for each task, which wakes a thread to take any task; False ends a thread.
        self._calls: queue.SimpleQueue[bool] = queue.SimpleQueue()
        # Daemon threads, so that the process can end without `shutdown`.
        self._threads = [
            threading.Thread(target=self._work, name=f"request-{place}", daemon=True) for place in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, client: Hashable, work: Callable[[], Any]) -> Future:
        """Have a thread do this work when it is the client's turn."""
        task = _Task(client, Future(), work)
        with self._lock:
            self._waiting.setdefault(client, deque()).append(task)
        self._calls.put(True)
        return task.future

    def take_back(self, more_than: int, *, but: Hashable) -> bool:
        """Cancel the newest task of the client with most in the queue; return whether one was cancelled.

        None is cancelled if that client has at most `more_than` tasks. Those of the client `but` are never cancelled.
        """
        with self._lock:
            queues = [tasks for client, tasks in self._waiting.items() if client is not but]
            longest = max(queues, key=len, default=deque[_Task]())
            if len(longest) <= max(more_than, 1):
                return False
            task = longest.pop()
            if self._held_back:
                self._held_back -= 1
            else:
                self._taken_back += 1
        return task.future.cancel()

    def shutdown(self, wait: bool = True) -> None:
        """End the threads when all submitted tasks are done; wait for that, or only for a moment."""
        for _ in self._threads:
            self._calls.put(False)
        deadline = time.monotonic() + MOMENT_SECONDS
        for thread in self._threads:
            thread.join(None if wait else max(deadline - time.monotonic(), 0))

    def _work(self) -> None:
        while self._calls.get():
            with self._lock:
                if self._taken_back:
                    self._taken_back -= 1
                    continue
                task = self._next()
                self._held_back += task is None
            while task:
                _do(task)
                task = self._after(task.client)

    def _after(self, client: Hashable) -> _Task | None:
        """Release a client's thread, and return a held-back task that can run now."""
        with self._lock:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]
            task = self._next() if self._held_back else None
            self._held_back -= task is not None
            return task

    def _next(self) -> _Task | None:
        for client, tasks in self._waiting.items():
            if self._running[client] < self._most:
                task = tasks.popleft()
                del self._waiting[client]
                if tasks:
                    self._waiting[client] = tasks  # at the end
                self._running[client] += 1
                return task
        return None


def _do(task: _Task) -> None:
    if not task.future.set_running_or_notify_cancel():
        return
    try:
        result = task.work()
    except BaseException as error:  # raised again by the future's result()
        task.future.set_exception(error)
    else:
        task.future.set_result(result)
