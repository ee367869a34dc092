"""The processor time of whole videos: a session's result, folding results, adding up daily sums."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

from videosession import sample_sessions, sample_viewers
from videosession.timeline import walk
from videosession.video import Film, Plan, Session, packed, plan_of
from videosession.video.population import population
from videosession.video.sums import SummedFilm, packed_sums

NOW = 10**15
DAYS = 30


def milliseconds(deed: Callable[[], object], rounds: int) -> float:
    """Return the median of the processor time that something takes."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        deed()
        taken.append(1000 * (time.process_time() - started))
    return median(taken)


def asked(name: str, sessions: list[Session], plan: Plan) -> object:
    return getattr(Film(sessions, NOW, plan), name)()


def rows(count: int, rounds: int) -> Iterator[str]:
    """Report what so many sessions cost."""
    viewers = list(sample_viewers.viewers(200))
    logs = [
        [{"eventId": str(place)} | event for place, event in enumerate(sample_sessions.events(viewer.script))]
        for viewer in viewers
    ]
    results = [packed(walk(log)) for log in logs]
    sessions = [
        Session(str(place), 0, 0, {"viewerId": f"viewer {place}"}, results[place % len(results)])
        for place in range(count)
    ]
    plan = plan_of(sample_viewers.PLAN)
    yield from ("| of a whole video | processor ms |", "|---|---|")
    yield f"| one session's result | {milliseconds(lambda: packed(walk(logs[0])), 20 * rounds):.2f} |"
    for name in ("summary", "heatmap", "choices"):
        taken = milliseconds(partial(asked, name, sessions, plan), rounds)
        yield f"| {name} of {count:,} stored results | {taken:.0f} ({taken / count:.3f} a session) |"
    days = [sessions[day::DAYS] for day in range(DAYS)]
    kept = [packed_sums(partial(population, day, NOW), str) for day in days if day]
    taken = milliseconds(lambda: SummedFilm(kept, [], str, plan).heatmap(), rounds)
    yield f"| heatmap of {len(kept)} daily sums of {count:,} sessions | {taken:.0f} |"
