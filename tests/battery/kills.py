"""Processes that are killed under load: what was acknowledged is there, once, as it was sent."""

import contextlib
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pymongo

from tests.battery.finding import Finding, control
from tests.battery.stage import Careless, Durable, Stage, Verdict, playing, stage, until_more
from tests.databases import NAMED
from tests.service import Service

CLIENTS = 8
STEP_DOWN = 3


def experiments() -> Iterator[Finding]:
    """Kill the database again and again, and every third time a worker, too."""
    with stage() as built:
        verdict = kill_rounds(built, rounds=15, events_a_round=700)
    enough = verdict["acknowledged"] >= 5000
    what = f"kill -9 of the database under HTTP load, 15 rounds, a worker in each third, {CLIENTS} clients"
    yield Finding(what, str(verdict), verdict.is_clean and enough)
    with stage() as built:
        verdict = kill_rounds(built, rounds=4, events_a_round=100, named=False)
    yield control("the same, events sent again without eventId", str(verdict), verdict.is_clean)
    with stage(Careless) as built:
        verdict = kill_rounds(built, rounds=3, events_a_round=400, application="tests.battery.careless:app")
    yield control(
        "the same, without a journal: the database's default flags, no write concern", str(verdict), verdict.is_clean
    )
    with stage() as built:
        verdict = failovers(built, rounds=5)
    yield Finding("a primary that steps down under load (fail points), 5 rounds", str(verdict), verdict.is_clean)
    if NAMED and (host := _replica_set(NAMED)):
        with stage(lambda _: _Named(NAMED)) as built:
            verdict = kill_rounds(built, rounds=STEP_DOWN, events_a_round=200, workers=False)
        yield Finding(f"a primary of {host} that steps down, {STEP_DOWN} rounds", str(verdict), verdict.is_clean)


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


def failovers(built: Stage, rounds: int) -> Verdict:
    """Have the server answer like a primary that steps down, in the middle of writes, and then lead again."""
    service = built.serve(WEB_CONCURRENCY=2)
    with pymongo.MongoClient(built.database.uri) as mongo, playing(service.port, CLIENTS) as players:
        for number in range(rounds):
            until_more(players, 100)
            for how in ({"errorCode": (10107, 11602, 189, 91, 13435)[number % 5]}, {"closeConnection": True}):
                commands = {"failCommands": ["insert", "update", "find"], "appName": "videosession"} | how
                mongo.admin.command("configureFailPoint", "failCommand", mode={"times": 20}, data=commands)
                until_more(players, 20)
        mongo.admin.command("configureFailPoint", "failCommand", mode="off")
    verdict = Verdict.of(players)
    for player in players:
        player.close()
    return verdict


def _kill_worker(service: Service) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(random.choice(service.worker_pids()), signal.SIGKILL)


def _replica_set(uri: str) -> str | None:
    with pymongo.MongoClient(uri) as client:
        return client.admin.command("hello").get("setName")


class _Named(Durable):
    """A replica set that is there already: its primary steps down instead of being killed."""

    def __init__(self, uri: str, directory: Path | None = None):
        self._uri = uri

    @property
    def uri(self) -> str:
        return self._uri

    def kill(self) -> None:
        with pymongo.MongoClient(self._uri) as client, contextlib.suppress(pymongo.errors.PyMongoError):
            client.admin.command("replSetStepDown", 10, secondaryCatchUpPeriodSecs=5)

    def close(self) -> None: ...
