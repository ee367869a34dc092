"""Daily sums in the database: after whatever happens, what they tell is what all results tell."""

import random

import pytest

from tests.video.test_summarising import OWNER, Clock, event, watch
from videosession.database import Database
from videosession.errors import BadRequest
from videosession.sessions.repository import SessionRepository
from videosession.videos.repository import VideoRepository

DAY = 24 * 3600


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(db):
    return Database(lambda: "", db)


@pytest.fixture
def sessions(database, clock):
    return SessionRepository(database, clock)


@pytest.fixture
def summed(database, sessions, clock):
    """Videos with sums from the second session on, with all the time in the world."""
    videos = VideoRepository(database, sessions, clock, most=1)
    videos.sums._timer = videos.results._timer = lambda: 0
    return videos


@pytest.fixture
def folded(database, sessions, clock):
    videos = VideoRepository(database, sessions, clock)
    videos.results._timer = lambda: 0
    return videos


def told(videos):
    asked = videos.ask("film", owner=OWNER)
    assert asked.pending == 0
    return asked.film.summary(), asked.film.heatmap(5000), asked.film.choices(), asked.film.paths()


def days_of_sessions(sessions, clock, days=3, a_day=3):
    ids = []
    for day in range(days):
        ids += [watch(sessions, 10 + day + place, metadata={"viewerId": f"v{place}"}) for place in range(a_day)]
        clock.pass_seconds(DAY)
    clock.pass_seconds(2 * 3600)
    return ids


def test_sums_tell_what_results_do(summed, folded, sessions, clock):
    days_of_sessions(sessions, clock)
    assert told(summed) == told(folded) == told(summed)


def test_a_day_that_has_not_changed_is_not_folded_again(summed, sessions, clock):
    days_of_sessions(sessions, clock)
    told(summed)
    read = []
    rebuild = summed.sums._rebuild
    summed.sums._rebuild = lambda day, end: read.append(day) or rebuild(day, end)
    told(summed)
    assert read == []
    ids = [each["_id"] for each in sessions.newest(owner=OWNER, limit=9).items]
    sessions.append_one(ids[0], event(50, 50), owner=OWNER)
    told(summed)
    assert len(read) == 1


DEEDS = {
    "an append": lambda sessions, ids: sessions.append_one(ids[0], event(40, 40), owner=OWNER),
    "a DELETE": lambda sessions, ids: sessions.delete(ids[1], owner=OWNER),
    "a move to another video": lambda sessions, ids: sessions.change(
        ids[2], lambda content: content | {"videoId": "another"}, owner=OWNER
    ),
    "another viewer": lambda sessions, ids: sessions.change(
        ids[3], lambda content: content | {"metadata": {"viewerId": "somebody else"}}, owner=OWNER
    ),
    "a new session": lambda sessions, ids: watch(sessions),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_a_change_is_in_the_sums_at_once(deed, summed, folded, sessions, clock):
    ids = days_of_sessions(sessions, clock)
    before = told(summed)
    deed(sessions, ids)
    assert told(summed) == told(folded) != before


def test_a_view_that_closes_with_time_is_counted_as_closed(summed, folded, sessions, clock):
    days_of_sessions(sessions, clock, days=1)
    [last] = [sessions.newest(owner=OWNER, limit=1).items[0]["_id"]]
    sessions.append_one(last, event(50, 50), owner=OWNER)
    assert told(summed) == told(folded)
    clock.pass_seconds(31 * 60)
    assert told(summed) == told(folded)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_in_whatever_order(seed, summed, folded, sessions, clock):
    chance = random.Random(seed)
    ids = days_of_sessions(sessions, clock, days=2)
    for _ in range(12):
        deed = chance.choice(["append", "delete", "move", "viewer", "new", "worker", "time", "look"])
        one = chance.choice(ids) if ids else None
        if deed == "append" and one:
            sessions.append_one(one, event(chance.randrange(30, 59), chance.randrange(60)), owner=OWNER)
        elif deed == "delete" and one:
            ids.remove(one)
            sessions.delete(one, owner=OWNER)
        elif deed == "move" and one:
            video = chance.choice(["film", "another"])
            sessions.change(one, lambda content, video=video: content | {"videoId": video}, owner=OWNER)
        elif deed == "viewer" and one:
            viewer = {"metadata": {"viewerId": chance.choice("xyz")}}
            sessions.change(one, lambda content, viewer=viewer: content | viewer, owner=OWNER)
        elif deed == "new":
            ids.append(watch(sessions))
        elif deed == "worker":
            for each in summed.summarising.due():
                summed.summarising.take(each)
        elif deed == "time":
            clock.pass_seconds(chance.choice([31, 1900, DAY]))
        if folded.summarising._database.sessions.count_documents({"videoId": "film"}):
            assert told(summed) == told(folded), deed


def test_what_sums_cannot_tell_is_refused(summed, sessions, clock):
    days_of_sessions(sessions, clock)
    for asked in ({"filters": {("a",): "1"}}, {"without": frozenset(["stalled"])}, {"by": [("a",)]}):
        with pytest.raises(BadRequest, match="narrow it"):
            summed.ask("film", owner=OWNER, **asked)


def test_sums_name_nobody_and_go_with_their_owner(summed, sessions, clock, database):
    days_of_sessions(sessions, clock)
    told(summed)
    assert database.sums.count_documents({}) == 3
    summed.forget(owner=OWNER)
    assert database.sums.count_documents({}) == 0
