"""Daily sums in the database: after whatever happens, what they tell is what all results tell."""

import random

import pytest
from pymongo.collection import Collection

from tests.video.watching import OWNER, event, watch
from videosession.errors import BadRequest
from videosession.video.results import Result, pack
from videosession.videos.summarising import Chosen

pytestmark = pytest.mark.processes  # keeps the database busy

DAY = 24 * 3600
EMPTY = Result([], [], [], [], [], [], True, False, [], False)


def asked(videos):
    return videos.ask("film", owner=OWNER).film


def told(videos):
    asked = videos.ask("film", owner=OWNER)
    answers = asked.film.summary(), asked.film.heatmap(5000), asked.film.choices(), asked.film.paths()
    assert asked.pending == 0
    return answers


def days_of_sessions(sessions, clock, days=3, a_day=3):
    ids = []
    for day in range(days):
        ids += [watch(sessions, 10 + day + place, metadata={"viewerId": f"v{place}"}) for place in range(a_day)]
        clock.pass_seconds(DAY)
    clock.pass_seconds(2 * 3600)
    return ids


def test_daily_sums_give_the_same_answer_as_results(summed, folded, sessions, clock):
    days_of_sessions(sessions, clock)
    assert told(summed) == told(folded) == told(summed)


def test_an_unchanged_day_is_not_summed_again(summed, sessions, clock):
    days_of_sessions(sessions, clock)
    told(summed)
    read = []
    rebuild = summed.sums.rebuild
    summed.sums.rebuild = lambda day, *rest: read.append(day) or rebuild(day, *rest)
    told(summed)
    assert read == []
    ids = [each["_id"] for each in sessions.newest(owner=OWNER, limit=9).items]
    sessions.append_one(ids[0], event(50, 50), owner=OWNER)
    told(summed)
    assert len(read) == 1


def test_a_request_leaves_due_marks_and_sums_a_changed_day_once(summed, folded, sessions, clock, database):
    ids = days_of_sessions(sessions, clock)
    told(summed)
    for one in ids[:2]:  # of one day
        sessions.append_one(one, event(50, 50), owner=OWNER)
    due = list(database.sessions.find({"due": {"$gt": 0}}, {"due": 1}))
    read = []
    rebuild = summed.sums.rebuild
    summed.sums.rebuild = lambda day, *rest: read.append(day.since) or rebuild(day, *rest)
    assert told(summed) == told(folded) == told(summed)
    assert len(read) == 1
    assert list(database.sessions.find({"due": {"$gt": 0}}, {"due": 1})) == due != []


def test_the_size_of_a_requests_queries_does_not_grow_with_the_sessions(summed, sessions, clock, monkeypatch):
    sent, find = [], Collection.find

    def noted(collection, query, *arguments, **options):
        sent.append((collection.name, query))
        return find(collection, query, *arguments, **options)

    def asks(a_day):
        days_of_sessions(sessions, clock, 2, a_day)
        for _ in summed.summarising.work(60, lambda: 0, at_once=True):
            pass
        told(summed)
        with monkeypatch.context() as patch:
            patch.setattr(Collection, "find", noted)
            for refused in ("aggregate", "bulk_write", "update_one"):
                patch.setattr(Collection, refused, None)
            sent.clear()
            told(summed)
        return [name for name, _ in sent], [next(iter(query)) for name, query in sent if name == "sessions"]

    asked, of_sessions = asks(2)
    assert of_sessions == ["due"]  # which SecantusDB takes for the index to read
    assert asks(6)[0] == asked


def test_days_from_before_daily_sums_existed_are_found(summed, folded, sessions, clock, database):
    days_of_sessions(sessions, clock)
    summed.summarising.take(summed.summarising.due(at_once=True))
    database.sessions.update_many({}, {"$unset": {"due": ""}})
    database.sums.delete_many({})
    summed.sums._is_known = False
    right = told(folded)
    assert told(summed) == right  # by looking for them
    database.sums.delete_many({})
    summed.sums.know_days()
    assert database.sums.count_documents({"token": {"$exists": True}}) == 3
    assert told(summed) == right


def test_bins_of_another_width_are_computed_on_request(summed, folded, sessions, clock, database):
    days_of_sessions(sessions, clock)
    for width in (1000, 60_000, 1000):
        assert asked(summed).heatmap(width) == asked(folded).heatmap(width)
    assert {tuple(each["widths"]) for each in database.sums.find({"widths": {"$exists": True}})} == {("1", "60")}


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


def test_a_session_that_replaces_another_is_in_the_sums_at_once(summed, folded, sessions, clock, database):
    """As many sessions as before, created at the same moments: deleted, and imported with nothing in it."""
    ids = days_of_sessions(sessions, clock)
    gone = database.sessions.find_one({"_id": ids[0]})
    before = told(summed)
    sessions.delete(ids[0], owner=OWNER)
    content = {name: gone[name] for name in ("title", "description", "videoId", "createdAt")}
    sessions.restore({"_id": "f" * 32, **content}, owner=OWNER)
    assert told(summed) == told(folded) != before


def test_a_recomputed_result_is_in_the_sums(summed, folded, sessions, clock, database):
    """As after a change in how timelines are made."""
    ids = days_of_sessions(sessions, clock)
    right = told(summed)
    database.sessions.update_one({"_id": ids[0]}, {"$set": {"result.packed": pack(EMPTY)}})
    database.sums.update_many({}, {"$set": {"token": "another"}})
    assert told(summed) != right
    for each in list(summed.summarising.chosen(Chosen())):
        summed.summarising.rebuild(each)
    assert told(summed) == right == told(folded)


def test_a_wrong_sum_is_detected(summed, sessions, clock, database):
    days_of_sessions(sessions, clock)
    told(summed)
    summarising = summed.summarising
    assert not any(map(summarising.sum_differs, summarising.sums_of(Chosen())))
    one, other = database.sums.find({"packed": {"$exists": True}}).limit(2)
    database.sums.update_one({"_id": one["_id"]}, {"$set": {"packed": other["packed"]}})
    assert list(map(summarising.sum_differs, summarising.sums_of(Chosen(OWNER, "film")))).count(True) == 1
    database.sums.update_one({"_id": one["_id"]}, {"$set": {"token": "another"}})
    assert not any(map(summarising.sum_differs, summarising.sums_of(Chosen())))  # nobody is answered with it


def test_a_patch_at_the_instant_of_a_lease_stays_due(summed, folded, sessions, clock, database):
    """The instant that a PATCH writes may be the one that the lease runs out at."""
    ids = days_of_sessions(sessions, clock, days=2)
    told(summed)
    sessions.append_one(ids[0], event(50, 50), owner=OWNER)
    make = summed.results.make_all

    def meanwhile(*arguments, **named):
        made = make(*arguments, **named)
        clock.pass_seconds(60)
        sessions.change(ids[0], lambda content: content | {"videoId": "another"}, owner=OWNER)
        return made

    summed.results.make_all = meanwhile
    clock.pass_seconds(31)
    due = [each for each in summed.summarising.due() if each["_id"] == ids[0]]
    assert summed.summarising.take(due) == 0
    summed.results.make_all = make
    assert database.sessions.find_one({"_id": ids[0]})["due"]
    assert told(summed) == told(folded)


def test_a_view_that_closes_with_time_is_counted_as_closed(summed, folded, sessions, clock):
    days_of_sessions(sessions, clock, days=1)
    [last] = [sessions.newest(owner=OWNER, limit=1).items[0]["_id"]]
    sessions.append_one(last, event(50, 50), owner=OWNER)
    assert told(summed) == told(folded)
    clock.pass_seconds(31 * 60)
    assert told(summed) == told(folded)


@pytest.mark.parametrize("seed", range(3))
def test_daily_sums_are_correct_after_any_order_of_changes(seed, summed, folded, sessions, clock):
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
            summed.summarising.take(summed.summarising.due())
        elif deed == "time":
            clock.pass_seconds(chance.choice([31, 1900, DAY]))
        if folded.summarising._database.sessions.count_documents({"videoId": "film"}):
            assert told(summed) == told(folded), deed


def test_queries_that_sums_cannot_answer_are_rejected(summed, sessions, clock):
    days_of_sessions(sessions, clock)
    for asked in ({"filters": {("a",): "1"}}, {"without": frozenset(["stalled"])}, {"by": [("a",)]}):
        with pytest.raises(BadRequest, match="narrow it"):
            summed.ask("film", owner=OWNER, **asked)


def test_sums_contain_no_viewers_and_are_removed_with_their_owner(summed, folded, sessions, clock, database):
    ids = days_of_sessions(sessions, clock)
    told(summed)
    kept = {"videoId": "film", "packed": {"$exists": True}}
    assert database.sums.count_documents(kept) == 3
    assert "viewerId" not in str(list(database.sums.find(kept)))
    for session in ids[:-1]:
        sessions.delete(session, owner=OWNER)
    summed.forget(owner=OWNER)
    [left] = database.sums.find({"_id": {"$ne": "days"}})  # of a session that came meanwhile
    assert left.keys() == {"_id", "person", "token", "version"}
    assert told(summed) == told(folded)
