"""A replica set at its worst: a primary that steps down under load, a majority that is lost and comes back.

    MONGODB_TEST_URI='mongodb://…/?replicaSet=…' python -m tests.battery failover

does it to the replica set that is named. Its primary is told to step down; where it has three members or more, `fsync`
with `lock` keeps all but one from writing, so no majority acknowledges anything until they are unlocked. The user needs
the roles `clusterManager` and `hostManager`. Otherwise fail points imitate it, and the table says so: it has not been
tried on a replica set of more than one member yet.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Protocol

import pymongo
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from tests.battery.finding import Finding, control
from tests.battery.stage import Durable, Player, Verdict, acknowledged, playing, stage, until_more
from tests.databases import NAMED, in_database
from tests.service import wait_until

CLIENTS = 8
STEP_DOWNS, LOSSES = 5, 2
AGAIN_SECONDS = 60  # as long as a replica set may take to have a primary again


class Worst(Protocol):
    """What happens to a replica set; `name` says to which."""

    name: str

    def step_down(self, players: list[Player], number: int) -> None: ...
    def without_majority(self) -> contextlib.AbstractContextManager[None]: ...


class Imitated:
    """A server that answers as such a replica set does."""

    name = "imitated by fail points, not on a replica set"

    def __init__(self, uri: str):
        self._admin = pymongo.MongoClient(uri).admin

    def step_down(self, players: list[Player], number: int) -> None:
        """Answer like a primary that steps down, in the middle of writes, and then leads again."""
        for how in ({"errorCode": (10107, 11602, 189, 91, 13435)[number % 5]}, {"closeConnection": True}):
            self._fail({"times": 20}, ["insert", "update", "find"], how)
            until_more(players, 20)

    @contextlib.contextmanager
    def without_majority(self) -> Iterator[None]:
        late = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
        self._fail("alwaysOn", ["insert", "update"], late)
        yield
        self._admin.command("configureFailPoint", "failCommand", mode="off")

    def _fail(self, mode: str | dict, commands: list[str], how: dict) -> None:
        data = {"failCommands": commands, "appName": "videosession"} | how
        self._admin.command("configureFailPoint", "failCommand", mode=mode, data=data)


class ReplicaSet:
    """The one that is named, and a database of its own there."""

    def __init__(self, uri: str):
        self._name = f"battery_{uuid.uuid4().hex}"
        self.uri = in_database(uri, self._name)
        self._client = pymongo.MongoClient(uri)
        hello = self._client.admin.command("hello")
        self.members = hello.get("hosts", [])
        self.name = f"the replica set {hello.get('setName')}, members: {len(self.members)}"

    def step_down(self, players: list[Player], number: int) -> None:
        """Have another member lead, or the same one again."""
        with contextlib.suppress(PyMongoError):  # it may close the connection on which it is told to
            self._client.admin.command("replSetStepDown", 10, secondaryCatchUpPeriodSecs=5, force=len(self.members) < 2)
        until_more(players, 20)

    @contextlib.contextmanager
    def without_majority(self) -> Iterator[None]:
        """Keep all members but the primary from writing."""
        primary = wait_until(lambda: self._client.primary, AGAIN_SECONDS)
        with contextlib.ExitStack() as locks:
            for member in self.members:
                host, _, port = member.rpartition(":")
                if (host, int(port)) != primary:
                    client = locks.enter_context(self._alone(host, int(port)))
                    client.admin.command("fsync", 1, lock=True)
                    locks.callback(client.admin.command, "fsyncUnlock")
            yield

    def _alone(self, host: str, port: int) -> pymongo.MongoClient:
        """Connect to one member, as the user of the URI."""
        told = parse_uri(self.uri)
        options = {name: value for name, value in told["options"].items() if name.lower() != "replicaset"}
        user = {"username": told["username"], "password": told["password"]} if told["username"] else {}
        return pymongo.MongoClient(host, port, directConnection=True, **user, **options)

    def close(self) -> None:
        """Leave nothing there."""
        self._client.drop_database(self._name)
        self._client.close()


def experiments() -> Iterator[Finding]:
    """Do it to a server that imitates a replica set and, where one is named, to that."""
    yield from _experiments(Durable, lambda database: Imitated(database.uri))
    if NAMED and (members := ReplicaSet(NAMED).members):
        yield from _experiments(lambda _: ReplicaSet(NAMED), lambda named: named, has_majority=len(members) >= 3)


def _experiments(database: Callable, worst: Callable, *, has_majority: bool = True) -> Iterator[Finding]:
    with stage(database) as built:
        kind = worst(built.database)
        verdict = step_downs(built.serve(WEB_CONCURRENCY=2).port, kind)
    what = f"a primary that steps down under load, {STEP_DOWNS} times ({kind.name})"
    yield Finding(what, str(verdict), verdict.is_clean)
    for named in (True, False) if has_majority else ():
        with stage(database) as built:
            verdict, unsure = losses(built.serve(WEB_CONCURRENCY=2).port, worst(built.database), named=named)
        figures = f"{verdict}, {unsure} of them without a majority"
        what = f"loss and return of the majority under load, {LOSSES} times ({kind.name})"
        if named:
            yield Finding(what, figures, verdict.is_clean and not unsure)
        else:
            yield control(f"{what}, events retried without eventId", figures, verdict.is_clean)


def step_downs(port: int, worst: Worst) -> Verdict:
    """Have the primary step down again and again."""
    with playing(port, CLIENTS) as players:
        for number in range(STEP_DOWNS):
            until_more(players, 100)
            worst.step_down(players, number)
        until_more(players, 100)
    return _verdict(players)


def losses(port: int, worst: Worst, *, named: bool = True) -> tuple[Verdict, int]:
    """Lose the majority again and again; also how many events were acknowledged while there was none."""
    unsure = 0
    with playing(port, CLIENTS, named=named) as players:
        for _ in range(LOSSES):
            until_more(players, 100)
            with worst.without_majority():
                _wait_for_refusals(players)  # what had been on its way is answered now
                before = acknowledged(players)
                _wait_for_refusals(players)
                unsure += acknowledged(players) - before
            until_more(players, 100)
    return _verdict(players), unsure


def _wait_for_refusals(players: list[Player]) -> None:
    """Wait until each player has been refused twice more."""
    wanted = [player.troubles[503] + 2 for player in players]
    wait_until(
        lambda: all(player.troubles[503] >= least for player, least in zip(players, wanted, strict=True)),
        AGAIN_SECONDS,
    )


def _verdict(players: list[Player]) -> Verdict:
    verdict = Verdict.of(players)
    for player in players:
        player.close()
    return verdict
