"""Processes that are killed under load: what was acknowledged is there, once, as it was sent."""

import contextlib
import os
import random
import signal
from collections.abc import Iterator
from functools import partial

from tests.battery.finding import Finding, control
from tests.battery.stage import Careless, Durable, Stage, Verdict, playing, stage, until_more
from tests.service import Service
from videosession.embedded import keeper

CLIENTS = 8


def experiments() -> Iterator[Finding]:
    """Kill the database again and again, and every third time a worker, too."""
    with stage() as built:
        verdict = kill_rounds(built, rounds=15, events_a_round=700)
    enough = verdict["acknowledged"] >= 5000
    what = f"kill -9 of the database under HTTP load, 15 rounds, also of a worker in every third, {CLIENTS} clients"
    yield Finding(what, str(verdict), verdict.is_clean and enough)
    if keeper.rust_server():
        with stage(partial(Durable, test_commands=False)) as built:
            verdict = kill_rounds(built, rounds=15, events_a_round=700)
        enough = verdict["acknowledged"] >= 5000
        yield Finding(f"the same, on {keeper.RUST_SERVER}", str(verdict), verdict.is_clean and enough)
    with stage() as built:
        verdict = kill_rounds(built, rounds=4, events_a_round=100, named=False)
    yield control("the same, events retried without eventId", str(verdict), verdict.is_clean)
    with stage(Careless) as built:
        verdict = kill_rounds(built, rounds=3, events_a_round=400, application="tests.battery.careless:app")
    yield control(
        "the same, without a journal: the database's default flags and no write concern", str(verdict), verdict.is_clean
    )


def kill_rounds(
    built: Stage, *, rounds: int, events_a_round: int, named: bool = True, workers: bool = True, **settings
) -> Verdict:
    """Kill the database each time that so many more events are acknowledged."""
    service = built.serve(WEB_CONCURRENCY=2, **settings)
    with playing(service.port, CLIENTS, named=named) as players:
        for number in range(1, rounds + 1):
            until_more(players, events_a_round)
            built.database.kill()
            if workers and number % 3 == 0:
                _kill_worker(service)
        until_more(players, events_a_round // 4)
    verdict = Verdict.of(players)
    for player in players:
        player.close()
    return verdict


def _kill_worker(service: Service) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(random.choice(service.worker_pids()), signal.SIGKILL)
