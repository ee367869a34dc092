"""The time to find the events of one type in a long session, with and without an index by type.

python -m tests.benchmark.by_type [--events 100000] URI      leaves nothing in the database
"""

import statistics
import time
import uuid
from collections.abc import Callable

import click
import pymongo
from pymongo.collection import Collection

from videosession.database.indexes import EVENT_INDEXES

SECOND = 1_000_000
ORDER = [("instant", pymongo.ASCENDING), ("arrival", pymongo.ASCENDING)]
PAGE = 51
BATCH = 1000


@click.command()
@click.argument("uri")
@click.option("--events", default=100_000, show_default=True)
def main(uri: str, events: int) -> None:
    """Store a session of so many events, two of them of a rare type, and read pages of it."""
    click.echo(
        "| indexes | store a batch of 1 000 | page of all | page of the rare type | the same, in 1 % of the session |"
    )
    click.echo("|---|---|---|---|---|")
    with pymongo.MongoClient(uri) as client:
        database = client[f"benchmark_{uuid.uuid4().hex}"]
        for count in range(1, len(EVENT_INDEXES) + 1):
            database.command("create", "events")
            database.events.create_indexes(EVENT_INDEXES[:count])
            storing = _fill(database.events, events)
            pages = [_milliseconds(database.events, query) for query in _queries(events)]
            name = EVENT_INDEXES[count - 1].document["name"]
            click.echo(
                f"| {'… and ' * (count > 1)}{name} | {' | '.join(f'{each:.1f} ms' for each in [storing, *pages])} |"
            )
            database.drop_collection("events")
        client.drop_database(database.name)


def _fill(collection: Collection, count: int) -> float:
    def store(start: int) -> Callable[[], object]:
        batch = [_event(number, count) for number in range(start, min(start + BATCH, count))]
        return lambda: collection.insert_many(batch, ordered=False)

    return statistics.median(_timed(store(start)) for start in range(0, count, BATCH))


def _event(number: int, count: int) -> dict:
    return {
        "_id": f"a:{number:09}",
        "session": "a",
        "instant": number * SECOND,
        "arrival": f"{number:020x}",
        "type": "rare" if number in (count // 2, count - 1) else "play",
        "timestamp": "2026-03-01T10:00:00Z",
        "data": {"position": number, "duration": 120.5},
    }


def _queries(count: int) -> list[dict]:
    window = {"instant": {"$gte": count // 2 * SECOND, "$lt": (count // 2 + count // 100) * SECOND}}
    return [{"session": "a"}, {"session": "a", "type": "rare"}, {"session": "a", "type": "rare"} | window]


def _milliseconds(collection: Collection, query: dict) -> float:
    return statistics.median(_timed(lambda: list(collection.find(query, sort=ORDER, limit=PAGE))) for _ in range(5))


def _timed(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
