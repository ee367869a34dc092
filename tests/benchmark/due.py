"""What it costs an append to say that its session is due: `python -m tests.benchmark.due`.

Appends in turn to sessions that note it, with its index, and to such that do not, without; on the embedded database, or
on the one that MONGODB_TEST_URI names.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
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


def taken(sessions: SessionRepository, session_id: str) -> tuple[float, float]:
    """Return the seconds that appends take, and those of this process's processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    for event in EVENTS:
        sessions.append_one(session_id, event, owner=OWNER)
    return time.perf_counter() - wall, time.process_time() - processor


def rows(client: pymongo.MongoClient, rounds: int) -> Iterator[str]:
    name = f"due_{secrets.token_hex(4)}"
    noting, other = (repository(client[f"{name}_{is_due}"], is_due=is_due) for is_due in (True, False))
    ratios, times = [], []
    try:
        for place in range(rounds + 1):
            order: list[Callable[[], tuple[float, float]]] = [
                lambda: taken(noting, session(noting, is_due=True)),
                lambda: taken(other, session(other, is_due=False)),
            ]
            found = [deed() for deed in (order if place % 2 else order[::-1])]
            with_it, without = found if place % 2 else found[::-1]
            if place:  # the first round warms up
                ratios.append([one / another for one, another in zip(with_it, without, strict=True)])
                times.append(1e6 * with_it[0] / APPENDS)
    finally:
        for is_due in (True, False):
            client.drop_database(f"{name}_{is_due}")
    wall, processor = (sorted(each) for each in zip(*ratios, strict=True))
    yield "| an append that notes that its session is due, beside one that does not | median | middle half |"
    yield "|---|---|---|"
    for label, found in (("time", wall), ("the app's processor time", processor)):
        quarter = len(found) // 4
        yield f"| {label} | {median(found):.3f} | {found[quarter]:.3f} to {found[-quarter - 1]:.3f} |"
    yield f"\n{median(times):.0f} µs an append."


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
