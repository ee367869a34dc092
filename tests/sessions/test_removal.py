"""Purging all sessions of an owner, and retention: removing sessions whose time is over."""

import pytest

from tests.databases import event, failing
from tests.service import SECRET
from videosession import instants
from videosession.app import create_app
from videosession.database import Database
from videosession.errors import NotFound
from videosession.services import services_of
from videosession.sessions.removal import DAY_SECONDS, TOMBSTONE_KEPT_SECONDS, Removal
from videosession.sessions.repository import SessionRepository

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00.000Z", "data": {"viewer": "alice was here"}}
DAY = DAY_SECONDS * instants.SECOND


class Clock:
    microseconds = 1000 * DAY

    def __call__(self) -> int:
        return self.microseconds


class Kept:
    """Sessions kept for 30 days, at a time that is set by hand."""

    def __init__(self, db):
        database = Database(str, db, expires=True)
        database.create_indexes()
        self.db = db
        self.clock = Clock()
        self.sessions = SessionRepository(database, self.clock, recent_bytes=0)
        self.database_clock = self.clock
        self.removal = Removal(database, self.clock, 30, lambda: self.database_clock())

    def open(self) -> str:
        return self.sessions.create(owner="alice", title="A session", description="")["_id"]

    def wait(self, days: float) -> None:
        self.clock.microseconds += int(days * DAY)

    def there(self) -> list[str]:
        self.removal.expire()
        return [session["_id"] for session in self.sessions.newest(owner="alice", limit=100).items]


@pytest.fixture
def kept(db) -> Kept:
    return Kept(db)


def purge(app, *arguments: str) -> str:
    return app.test_cli_runner().invoke(args=["purge", *arguments], catch_exceptions=False).output


def everything(db) -> str:
    return repr([list(db[name].find()) for name in ("sessions", "events")])


def test_purging_an_owner_leaves_no_data(app, db, client, stranger):
    for number in (1, 10, 200):
        client.append(client.new_session(title="alice's own"), [PLAY] * number)
    client.delete(f"/api/sessions/{client.new_session()}")
    foreign = stranger.new_session()
    stranger.append(foreign, [PLAY | {"data": {}}] * 200)
    assert purge(app, "--owner", "alice") == "3 sessions of alice removed, with all events.\n"
    assert "alice" not in everything(db)
    assert db.events.count_documents({}) == 200
    assert len(stranger.get(f"/api/sessions/{foreign}").json["events"]) == 200
    assert purge(app, "--owner", "alice") == "0 sessions of alice removed, with all events.\n"


def test_a_purged_session_is_not_found_and_accepts_no_events(app, db, client):
    session = client.new_session()
    client.append(session, PLAY)
    purge(app, "--owner", "alice")
    assert client.get(f"/api/sessions/{session}").status_code == 404
    assert client.append(session, PLAY).status_code == 404
    assert db.events.count_documents({}) == 0


def test_tombstones_of_a_purge_expire_like_all_others(app, db, client):
    client.new_session()
    purge(app, "--owner", "alice")
    later = instants.now() + (TOMBSTONE_KEPT_SECONDS + 1) * instants.SECOND
    Removal(services_of(app).database, lambda: later).sweep()
    assert db.sessions.count_documents({}) == 0


def test_purge_without_an_owner_sweeps_at_once(app, db, client):
    session = client.new_session()
    client.delete(f"/api/sessions/{session}")
    db.events.insert_one({"_id": f"{session}:late", "session": session})
    assert purge(app) == "Removed all data of deleted and expired sessions.\n"
    assert db.events.count_documents({}) == 0


@pytest.mark.parametrize("owner", ["", "a" * 256], ids=["empty, as an unset variable is", "too long"])
def test_purging_an_invalid_owner_is_an_error(app, owner):
    result = app.test_cli_runner().invoke(args=["purge", "--owner", owner])
    assert result.exit_code == 2
    assert "must have 1 to 255 characters" in result.output


def test_purging_reports_a_failure_of_the_database(app, mongo, client):
    client.new_session()
    with failing(mongo, "find", errorCode=1):
        result = app.test_cli_runner().invoke(args=["purge", "--owner", "alice"])
    assert result.exit_code == 1
    assert "The database is unavailable" in result.output


def test_a_session_expires_when_nothing_has_happened_in_it_for_the_retention_time(kept):
    unused, used = kept.open(), kept.open()
    kept.sessions.append(unused, [event()], owner="alice")
    kept.wait(29)
    kept.sessions.append(used, [event()], owner="alice")
    kept.wait(2)
    fresh = kept.open()
    assert set(kept.there()) == {used, fresh}
    assert kept.db.events.count_documents({"session": unused}) == 0
    kept.wait(29)
    assert kept.there() == [fresh]
    kept.wait(2)
    assert kept.there() == []


def test_an_expired_session_leaves_a_tombstone_like_a_deleted_one(kept):
    session = kept.open()
    kept.wait(31)
    kept.removal.expire()
    assert kept.db.sessions.find_one() == {"_id": session, "owner": "alice", "deletedAt": kept.clock()}
    with pytest.raises(NotFound):
        kept.sessions.append(session, [event()], owner="alice")
    assert kept.db.events.count_documents({}) == 0
    kept.wait(2)
    kept.removal.sweep()
    assert kept.db.sessions.count_documents({}) == 0


def test_a_session_that_gets_an_event_while_it_expires_is_kept(kept, monkeypatch):
    session = kept.open()
    kept.wait(31)
    bury = kept.removal.bury

    def use_first(query: dict, owner: dict) -> bool:
        kept.sessions.append(session, [event()], owner="alice")
        return bury(query, owner)

    monkeypatch.setattr(kept.removal, "bury", use_first)
    assert kept.there() == [session]
    assert kept.sessions.count(session, owner="alice") == 1


AHEAD = {"a month ahead": 31 * DAY, "a month behind": -31 * DAY, "six minutes ahead": 360 * instants.SECOND}


@pytest.mark.parametrize("ahead", AHEAD.values(), ids=AHEAD)
def test_no_session_expires_if_the_clocks_disagree(kept, caplog, ahead):
    session = kept.open()
    kept.wait(31)
    kept.database_clock = lambda: kept.clock() - ahead
    assert kept.there() == [session]
    assert "no session is expired: this machine's clock is" in caplog.text
    kept.database_clock = lambda: kept.clock() - 240 * instants.SECOND
    assert kept.there() == []


def test_a_live_session_is_not_expired_by_a_worker_whose_clock_is_a_month_ahead(db, caplog):
    """The database's own clock decides."""
    database = Database(str, db, expires=True)
    SessionRepository(database, instants.now).create(owner="alice", title="A session", description="")
    assert Removal(database, lambda: instants.now() + 31 * DAY, 30).expire() is False
    assert "ahead of the database's: synchronise both" in caplog.text
    assert Removal(database, instants.now, 30).expire() is True
    assert db.sessions.count_documents({"deletedAt": {"$exists": False}}) == 1


def test_without_the_databases_time_nothing_expires(kept, caplog):
    session = kept.open()
    kept.wait(31)
    kept.database_clock = lambda: None
    assert kept.there() == [session]
    assert "does not tell its time" in caplog.text


def test_purging_reports_that_the_clocks_disagree(db, monkeypatch):
    app = create_app({"JWT_SECRET": SECRET, "RETENTION_DAYS": "7"}, db=db)
    monkeypatch.setattr(services_of(app).removal, "_clock", lambda: instants.now() + 8 * DAY)
    result = app.test_cli_runner().invoke(args=["purge"])
    assert (result.exit_code, "clock" in result.output) == (1, True)


def test_sessions_are_kept_forever_by_default(db):
    kept = Kept(db)
    kept.removal = Removal(Database(str, db), kept.clock, None)
    session = kept.open()
    kept.wait(40_000)
    assert kept.there() == [session]


def test_with_a_retention_time_expired_sessions_are_removed_in_the_background_with_an_index(db):
    app = create_app({"JWT_SECRET": SECRET, "RETENTION_DAYS": "7"}, db=db)
    assert "sessions.oldest" in services_of(app).database.missing_indexes()
    services_of(app).sessions.create(owner="alice", title="A session", description="")
    db.sessions.update_one({}, {"$set": {"createdAt": instants.now() - 8 * DAY}})
    for task in services_of(app).upkeep._again:
        task()
    assert db.sessions.count_documents({"deletedAt": {"$exists": False}}) == 0


def test_purge_without_an_owner_removes_expired_sessions(db):
    app = create_app({"JWT_SECRET": SECRET, "RETENTION_DAYS": "7"}, db=db)
    services_of(app).sessions.create(owner="alice", title="A session", description="")
    db.sessions.update_one({}, {"$set": {"createdAt": instants.now() - 8 * DAY}})
    purge(app)
    assert db.sessions.count_documents({"deletedAt": {"$exists": False}}) == 0


@pytest.mark.parametrize("arguments", [["--owner", "alice"], []], ids=["a person", "what is over"])
@pytest.mark.parametrize("failures", [1, 9], ids=["once", "again"])
def test_purging_reports_events_that_could_not_be_removed(db, mongo, arguments, failures):
    app = create_app({"JWT_SECRET": SECRET, "RETENTION_DAYS": "7"}, db=db)
    for _ in range(3):
        session_id = services_of(app).sessions.create(owner="alice", title="A session", description="")["_id"]
        services_of(app).sessions.append(session_id, [event()] * 200, owner="alice")
    long_ago = instants.now() - 8 * DAY
    db.sessions.update_many({}, {"$set": {"createdAt": long_ago, "lastEventAt": long_ago}})
    with failing(mongo, "delete", times=failures, errorCode=50):
        result = app.test_cli_runner().invoke(args=["purge", *arguments])
    assert ("did not remove everything" in result.output) == bool(result.exit_code) == (failures > 1)
    assert db.sessions.count_documents({"deletedAt": {"$exists": False}}) == 0
    assert purge(app) == "Removed all data of deleted and expired sessions.\n"
    assert db.events.count_documents({}) == 0
