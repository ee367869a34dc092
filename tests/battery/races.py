"""Many at the same thing at once: appending against deleting, and one event from everybody."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pymongo

from tests.battery.finding import Finding, control
from tests.battery.stage import AT, RECENT_BYTES, Remote, stage
from tests.service import Service
from tests.sessions.test_append_delete_race import APPENDS, SESSIONS, EventsFirst, NoLastLook, Race
from videosession.sessions.repository import SessionRepository

THREADS, IDS = 8, 100


def experiments() -> Iterator[Finding]:
    """Run the races, against two simpler designs and against events without ids."""
    with stage() as built:
        with pymongo.MongoClient(built.database.uri) as mongo:
            numbers = f"{SESSIONS} sessions × {APPENDS} appends"
            for design, make in ((SessionRepository, Finding), (NoLastLook, control), (EventsFirst, control)):
                race = Race(design, mongo[design.__name__], RECENT_BYTES if design is SessionRepository else 0)
                left = sum(race.left_behind() for _ in range(SESSIONS))
                what = f"appends during deletions, {numbers}{_words(design)}"
                yield make(what, f"{left} events left behind", left == 0)
        service = built.serve(WEB_CONCURRENCY=2)
        for named, make in ((True, Finding), (False, control)):
            what = f"one eventId from {THREADS} threads, {IDS} ids" if named else "the same without eventId"
            stored, answers = one_from_many(service, named=named)
            alike = sum(answers.values()) - len(answers)
            figures = f"{sum(answers.values())} requests: {stored} stored, {alike} with equal answers"
            yield make(what, figures, (stored, alike) == (IDS, (THREADS - 1) * IDS))


def one_from_many(service: Service, *, named: bool) -> tuple[int, Counter]:
    """Send each event from all threads at once; how many are stored, and how often each answer was given."""
    clients = [Remote(service.port) for _ in range(THREADS)]
    path = f"/api/sessions/{clients[0].new_session()}"
    answers = Counter()
    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(IDS):
            event = {"type": "ping", "timestamp": AT, "data": {"number": number}}
            event |= {"eventId": f"e{number}"} if named else {}
            for answer in threads.map(lambda client, event=event: client.post(f"{path}/events", event), clients):
                assert answer.status_code == 201, answer.text
                answers[answer.data] += 1
    stored = len(clients[0].get(path).json["events"])
    for client in clients:
        client.close()
    return stored, answers


def _words(design: type) -> str:
    return {NoLastLook: ": check, then insert", EventsFirst: ": events first"}.get(design, "")
