"""The cost of marking a session as due in each append: `python -m tests.benchmark.due`.

Appends in turn to sessions that note it, with its index, and to such that do not, without; on the embedded database, or
on the one that MONGODB_TEST_URI names.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import click
import pymongo

from videosession import instants
from videosession.contract import bodies
from videosession.database import Database
from videosession.embedded import Embedded
from videosession.sessions.appends import Appends
from videosession.sessions.repository import SessionRepository
from videosession.sessions.schemas import NewEvent

OWNER = "benchmark"
EVENT = {"type": "timeupdate", "timestamp": "2026-03-01T20:10:00.000Z", "data": {"position": 12.5, "node": "harbour"}}
APPENDS = 100  # to a session, as a viewing of ordinary length has
EVENTS = bodies.load_value(NewEvent(many=True), [EVENT] * APPENDS)


class Undue(Appends):
    """Appends that note nothing for whole videos."""

    def _changes(self) -> dict:
        return {name: change for name, change in super()._changes().items() if name != "$min"}


def repository(database: pymongo.database.Database, *, is_due: bool) -> SessionRepository:
    store = Database(lambda: "", database, deadline_seconds=60)
    store.create_indexes()
    made = SessionRepository(store, instants.now)
    if not is_due:
        database.sessions.drop_index("due")
        made._appends = Undue(store, instants.now)
    return made


def session(sessions: SessionRepository, *, is_due: bool) -> str:
    made = sessions.create(owner=OWNER, title="x", description="", videoId="film")["_id"]
    if not is_due:
        sessions._database.sessions.update_one({"_id": made}, {"$unset": {"due": ""}})
    return str(made)


def taken(sessions: SessionRepository, session_id: str, event: dict) -> tuple[float, float]:
    """Return the microseconds that an append takes, and those of this process's processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    sessions.append_one(session_id, event, owner=OWNER)
    return 1e6 * (time.perf_counter() - wall), 1e6 * (time.process_time() - processor)


def compared(repositories: list[SessionRepository]) -> list[list[float]]:
    """Append to a session of each in turn; return what the median append takes, with and without."""
    ids = [session(each, is_due=is_due) for each, is_due in zip(repositories, (True, False), strict=True)]
    found: list[list[tuple[float, float]]] = [[], []]
    for place, event in enumerate(EVENTS):
        for which in (0, 1) if place % 2 else (1, 0):
            found[which].append(taken(repositories[which], ids[which], event))
    return [[median(each) for each in zip(*times, strict=True)] for times in found]


def rows(client: pymongo.MongoClient, rounds: int) -> Iterator[str]:
    name = f"due_{secrets.token_hex(4)}"
    databases = [f"{name}_noted", f"{name}_not"]
    try:
        repositories = [
            repository(client[each], is_due=is_due) for each, is_due in zip(databases, (True, False), strict=True)
        ]
        compared(repositories)  # to warm up
        found = [compared(repositories) for _ in range(rounds)]
    finally:
        for each in databases:
            client.drop_database(each)
    yield "| the median append that notes that its session is due | µs | beside one that does not | middle half |"
    yield "|---|---|---|---|"
    for place, label in enumerate(("time", "the app's processor time")):
        ratios = sorted(noted[place] / other[place] for noted, other in found)
        quarter = len(ratios) // 4
        taken_by = median(noted[place] for noted, _ in found)
        half = f"{ratios[quarter]:.3f} to {ratios[-quarter - 1]:.3f}"
        yield f"| {label} | {taken_by:.0f} | {median(ratios):.3f} | {half} |"


@click.command()
@click.option("--rounds", default=40, show_default=True)
def main(rounds: int) -> None:
    if uri := os.environ.get("MONGODB_TEST_URI"):
        with pymongo.MongoClient(uri) as client:
            click.echo("\n".join(rows(client, rounds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        server = Embedded(Path(folder))
        server.ensure()
        try:
            with pymongo.MongoClient(server.uri) as client:
                click.echo("\n".join(rows(client, rounds)))
        finally:
            server.close()


if __name__ == "__main__":
    main()
