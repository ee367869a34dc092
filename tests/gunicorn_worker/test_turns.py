"""Clients share the threads fairly: one that sends many requests delays only itself."""

import threading
import time

import pytest

from videosession.gunicorn_worker.turns import Turns


class Gate:
    """Tasks that wait at a gate, and note when they have passed."""

    def __init__(self):
        self.open, self.inside, self.done = threading.Event(), threading.Semaphore(0), []

    def task(self, name):
        def wait() -> None:
            self.inside.release()
            assert self.open.wait(30)
            self.done.append(name)

        return wait


@pytest.fixture
def turns():
    turns = Turns(4)
    yield turns
    turns.shutdown()


def test_one_client_never_occupies_all_threads(turns):
    gate = Gate()
    held = [turns.submit("greedy", gate.task(number)) for number in range(100)]
    for _ in range(3):
        assert gate.inside.acquire(timeout=30)
    assert turns.submit("other", lambda: "done").result(30) == "done"
    assert not gate.inside.acquire(timeout=0.05)
    gate.open.set()
    for each in held:
        each.result(30)
    assert sorted(gate.done) == list(range(100))


def test_clients_take_turns(turns):
    gate, order = Gate(), []
    blocking = [turns.submit(name, gate.task(name)) for name in "abcd"]
    for _ in range(4):
        assert gate.inside.acquire(timeout=30)
    lock = threading.Lock()

    def note(name: str):
        def noting() -> None:
            with lock:
                order.append(name)

        return noting

    waiting = [turns.submit("greedy", note("greedy")) for _ in range(50)]
    waiting += [turns.submit(f"other {number}", note("other")) for number in range(5)]
    gate.open.set()
    for each in blocking + waiting:
        each.result(30)
    last = max(place for place, name in enumerate(order) if name == "other")
    assert last < 25, "after a few of the greedy one's fifty"


def test_the_dropped_task_is_the_newest_of_the_client_with_the_most_queued(turns):
    gate = Gate()
    greedy = [turns.submit("greedy", gate.task(number)) for number in range(20)]
    for _ in range(3):
        assert gate.inside.acquire(timeout=30)
    spared = [turns.submit("spared", gate.task(f"spared {number}")) for number in range(30)]
    assert gate.inside.acquire(timeout=30)
    while turns.take_back(5, but="spared"):
        pass
    assert [each.cancelled() for each in greedy] == [False] * 8 + [True] * 12
    assert turns.take_back(0, but="greedy")
    assert spared[-1].cancelled()
    gate.open.set()
    for each in [*greedy[:8], *spared[:-1]]:
        each.result(30)
    turns.shutdown()
    assert (len(turns._waiting), len(turns._running), turns._held_back, turns._taken_back) == (0, 0, 0, 0)


def test_an_exception_reaches_the_caller_and_the_thread_continues(turns):
    failing = [turns.submit("client", lambda: 1 / 0) for _ in range(10)]
    for each in failing:
        assert isinstance(each.exception(30), ZeroDivisionError)
    assert turns.submit("client", lambda: 1).result(30) == 1


def test_submitted_tasks_are_completed_before_the_threads_end():
    turns, done = Turns(3), []
    for number in range(200):
        turns.submit(number % 2, lambda number=number: done.append(number) or time.sleep(0.0005))
    turns.shutdown()
    assert sorted(done) == list(range(200))


def test_no_state_is_kept_for_idle_clients(turns):
    for number in range(1000):
        turns.submit(number, lambda: None).result(30)
    turns.submit(0, lambda: None).result(30)
    turns.shutdown()
    assert (len(turns._waiting), len(turns._running), turns._held_back) == (0, 0, 0)
