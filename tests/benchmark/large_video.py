"""A video of very many sessions on the embedded database: `python -m tests.benchmark.large_video FOLDER`.

The first run fills the folder, by copies of 200 simulated viewers' sessions; later runs find it filled.
"""

import resource
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import click
import pymongo

from tests.service import SECRET
from videosession import instants, sample_sessions, sample_viewers
from videosession.app import create_app
from videosession.contract import bodies
from videosession.embedded import Embedded
from videosession.services import Services, services_of
from videosession.sessions.schemas import NewEvent
from videosession.videos.repository import VideoRepository

OWNER = "benchmark"
DAY = 24 * 3600 * instants.SECOND
DAYS = 30
FOLDED = 10_000  # sessions of the video that is answered from its results
EVENT = {"type": "ping", "timestamp": "2026-03-01T20:10:00Z", "data": {"position": 1}}


def fill(parts: Services, sessions: int) -> None:
    """Store so many sessions of a video `large`, and fewer of one `folded`."""
    database = parts.database
    if database.sessions.count_documents({"videoId": "large"}) == sessions:
        return
    database.create_indexes()
    database.sessions.delete_many({})
    for viewer in sample_viewers.viewers(200):
        session = parts.sessions.create(owner=OWNER, title="x", description="", videoId="template")["_id"]
        events = bodies.load_value(NewEvent(many=True), sample_sessions.events(viewer.script))
        parts.sessions.append(session, events, owner=OWNER)
        parts.videos.results.make(session, owner=OWNER)
    templates = list(database.sessions.find({"videoId": "template"}))
    for video, count in (("folded", FOLDED), ("large", sessions)):
        with click.progressbar(range(0, count, 500), label=f"Filling {video}") as starts:
            for start in starts:
                places = range(start, min(start + 500, count))
                database.sessions.insert_many([_copy(templates[place % 200], video, place, count) for place in places])


def _copy(template: dict, video: str, place: int, count: int) -> dict:
    created = instants.now() - 2 * DAY - DAYS * DAY * place // count
    copy = template | {"_id": secrets.token_hex(16), "videoId": video, "createdAt": created, "lastEventAt": created}
    copy.pop("due")
    return copy | {"metadata": {"viewerId": f"viewer {place}"}}


def told(videos: VideoRepository, video: str) -> None:
    asked = videos.ask(video, owner=OWNER)
    asked.film.heatmap()
    if asked.pending:
        raise click.ClickException(f"{asked.pending} sessions could not be reached.")


def taken(deed: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that something takes, and those of this process's processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    deed()
    return time.perf_counter() - wall, time.process_time() - processor


def change(parts: Services, count: int, days: int) -> None:
    """Append to so many sessions of the newest days."""
    since = instants.now() - (2 + days) * DAY
    found = parts.database.sessions.find(
        {"videoId": "large", "createdAt": {"$gt": since}}, {"_id": 1}, batch_size=1_000
    )
    event = bodies.load_value(NewEvent(), EVENT)
    ids = [each["_id"] for each in found]
    for session in ids[:: max(len(ids) // count, 1)][:count]:
        parts.sessions.append_one(session, event | {"eventId": secrets.token_hex(8)}, owner=OWNER)


def rows(parts: Services, sessions: int) -> Iterator[str]:
    videos = parts.videos
    videos._most = min(videos._most, sessions // 2)
    videos.sums.timer = videos.results._timer = lambda: 0  # as long as it takes, in one request
    yield from ("| | s | of processor time |", "|---|---|---|")

    def row(name: str, deed: Callable[[], object], rounds: int = 1) -> str:
        times = [taken(deed) for _ in range(rounds)]
        wall, processor = (median(each) for each in zip(*times, strict=True))
        return f"| {name} | {wall:.2f} | {processor:.2f} |"

    parts.database.sums.delete_many({})
    yield row(f"finding the days of {sessions + FOLDED:,} sessions, once", videos.sums.know_days)
    yield row(f"the heatmap of {FOLDED:,} stored results", lambda: told(videos, "folded"), 3)
    yield row(f"making the daily sums of {sessions:,} sessions", lambda: told(videos, "large"))
    yield row("the heatmap from them", lambda: told(videos, "large"), 3)
    for days in (1, DAYS):
        change(parts, sessions // 100, days)
        yield row(f"the answer after 1 % changed, on {days} days", lambda: told(videos, "large"))
        yield row("asked again", lambda: told(videos, "large"), 3)
    yield f"\n{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most in this process."


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--sessions", default=100_000, show_default=True)
def main(folder: Path, sessions: int) -> None:
    server = Embedded(folder)
    server.ensure()
    try:
        app = create_app(
            {"JWT_SECRET": SECRET}, db=pymongo.MongoClient(server.uri).get_default_database(), deadline_seconds=60
        )
        fill(services_of(app), sessions)
        for line in rows(services_of(app), sessions):
            click.echo(line)
    finally:
        server.close()


if __name__ == "__main__":
    main()
