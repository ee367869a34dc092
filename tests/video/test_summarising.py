"""Results made ahead of requests: what is due, by whom it is done, and what happens meanwhile."""

import pytest

from tests.video.watching import OWNER, event, watch
from videosession.video.results import unpack
from videosession.videos import results
from videosession.videos.repository import VideoRepository


def stored(database, session):
    return database.sessions.find_one({"_id": session})


def summarise(videos):
    return sum(1 for _ in videos.summarising.work(60, lambda: 0))


def test_an_append_makes_its_session_due_once_half_a_minute_later(sessions, videos, clock, database):
    session = watch(sessions)
    assert summarise(videos) == 0
    clock.pass_seconds(20)
    sessions.append_one(session, event(30, 20), owner=OWNER)
    clock.pass_seconds(10)
    assert summarise(videos) == 1
    assert unpack(stored(database, session)["result"]["packed"]).segments == [(0, 0, 20_000)]
    assert "due" not in stored(database, session)
    assert summarise(videos) == 0


def test_a_request_does_not_recompute_stored_results(sessions, videos, clock):
    watch(sessions)
    clock.pass_seconds(31)
    summarise(videos)
    walked = []
    videos.results.make_all = lambda *arguments, **named: walked.append(arguments)
    assert videos.ask("film", owner=OWNER).film.summary()["views"] == 1
    assert walked == []


def test_an_append_while_a_result_is_computed_stays_due(sessions, videos, clock, database):
    session = watch(sessions)
    clock.pass_seconds(31)
    make = videos.results.make_all

    def meanwhile(*arguments, **named):
        made = make(*arguments, **named)
        sessions.append_one(session, event(40, 40), owner=OWNER)
        return made

    videos.results.make_all = meanwhile
    assert summarise(videos) == 1
    videos.results.make_all = make
    clock.pass_seconds(31)
    assert summarise(videos) == 1
    now = stored(database, session)
    assert now["result"]["of"] == now["revision"]


def test_a_result_of_a_deleted_session_is_not_stored(sessions, videos, database):
    session = watch(sessions)
    timelines = sessions.timelines

    def deleted_meanwhile(*arguments, **named):
        found = list(timelines(*arguments, **named))
        sessions.delete(session, owner=OWNER)
        return found

    sessions.timelines = deleted_meanwhile
    assert videos.results.make(session, owner=OWNER) is not None
    assert stored(database, session).keys() <= {"_id", "owner", "deletedAt", "isSwept"}


def test_the_lease_of_a_killed_worker_expires(sessions, videos, clock, database):
    session = watch(sessions)
    clock.pass_seconds(31)
    make = videos.results.make_all

    def die(*_, **__):
        raise KeyboardInterrupt

    videos.results.make_all = die
    with pytest.raises(KeyboardInterrupt):
        summarise(videos)
    videos.results.make_all = make
    assert summarise(videos) == 0
    clock.pass_seconds(61)
    assert summarise(videos) == 1
    assert "result" in stored(database, session)


def test_sessions_not_reached_in_time_are_pending_and_count_with_their_old_result(
    sessions, database, clock, monkeypatch
):
    times = iter(range(1000))
    videos = VideoRepository(database, sessions, clock)
    videos.results._timer = lambda: next(times)
    monkeypatch.setattr(results, "AT_ONCE", 1)
    for _ in range(4):
        watch(sessions)
    asked = videos.ask("film", owner=OWNER)
    assert asked.pending == 3
    assert (asked.film.summary()["sessions"], asked.film.summary()["views"]) == (4, 1)
    videos.results._timer = lambda: 0
    asked = videos.ask("film", owner=OWNER)
    assert (asked.pending, asked.film.summary()["views"]) == (0, 4)


def test_sessions_that_take_long_are_left_when_the_time_is_over_also_among_those_read_together(
    sessions, database, clock
):
    times = iter(range(1000))
    videos = VideoRepository(database, sessions, clock)
    videos.results._timer = lambda: next(times)
    for _ in range(10):
        watch(sessions)
    asked = videos.ask("film", owner=OWNER)
    assert asked.pending == 9
    assert (asked.film.summary()["sessions"], asked.film.summary()["views"]) == (10, 1)
    videos.results._timer = lambda: 0
    asked = videos.ask("film", owner=OWNER)
    assert (asked.pending, asked.film.summary()["views"]) == (0, 10)


def test_sessions_of_the_previous_version_are_counted(sessions, videos, database):
    session = watch(sessions)
    database.sessions.update_one({"_id": session}, {"$unset": {"due": "", "result": ""}})
    assert videos.ask("film", owner=OWNER).film.summary()["views"] == 1


# The command


@pytest.fixture
def run(app):
    return lambda *words: app.test_cli_runner().invoke(args=["summarise", *words])


def test_flask_summarise_makes_verifies_and_rebuilds_results(client, run, db):
    session = client.new_session(videoId="film")
    data = {"position": 0, "duration": 60}
    client.append(session, {"type": "play", "timestamp": "2026-03-01T10:00:00Z", "data": data})
    client.append(session, {"type": "pause", "timestamp": "2026-03-01T10:00:20Z", "data": {"position": 20}})
    assert "Summarised 1 session." in run().output
    assert run("--verify").exit_code == 0
    db.sessions.update_one({"_id": session}, {"$set": {"result.packed": b"[]"}})
    wrong = run("--verify")
    assert (wrong.exit_code, session in wrong.output) == (1, True)
    assert "Summarised 0 sessions." in run("--video", "film", "--owner", "alice").output
    assert "Summarised 1 session." in run("--rebuild").output
    assert run("--verify").exit_code == 0


@pytest.mark.parametrize("words", [["--follow", "--verify"], ["--rebuild", "--verify"], ["--follow", "--video", "x"]])
def test_flask_summarise_does_one_thing_at_a_time(run, words):
    assert run(*words).exit_code == 2
