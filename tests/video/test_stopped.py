"""A DELETE, a purge, retention or a PATCH that stops after any of its steps: what is told afterwards is the truth.

A step is a write to the database. After as many as are allowed the next one ends the process, as far as it can tell.
"""

from contextlib import contextmanager

import pytest
from pymongo.collection import Collection

from tests.client import Client
from tests.video import brute
from videosession import instants
from videosession.app import create_app
from videosession.services import services_of
from videosession.timeline import walk
from videosession.video.results import packed, unpack

SECRET = "a secret of the tests, longer than thirty-two bytes"
WRITES = ("insert_one", "insert_many", "update_one", "update_many", "replace_one", "delete_one", "delete_many",
          "bulk_write")  # fmt: skip
DAY = 24 * 3600 * instants.SECOND
WIDTH = 5000


class Stopped(BaseException):
    """The process ends here; nothing that it could still do is done."""


@contextmanager
def stopping_after(steps, monkeypatch):
    """Let so many writes happen, and nothing after them."""
    left = [steps]

    def counted(write):
        def step(*arguments, **options):
            if left[0] == 0:
                raise Stopped
            left[0] -= 1
            return write(*arguments, **options)

        return step

    with monkeypatch.context() as patch:
        for name in WRITES:
            patch.setattr(Collection, name, counted(getattr(Collection, name)))
        yield


class Owner(Client):
    def __init__(self, app, owner):
        super().__init__(app, owner)
        self.owner = owner


@pytest.fixture
def app(db):
    app = create_app({"JWT_SECRET": SECRET, "RETENTION_DAYS": "30"}, db=db, deadline_seconds=60)
    videos = services_of(app).videos
    videos._most = 1  # so that daily sums are kept of it
    videos.sums.timer = videos.results._timer = lambda: 0
    return app


def watched(client, db, days_ago, viewer):
    session = client.new_session(videoId="film", metadata={"viewerId": viewer})
    told = [
        ("00", "play", {"position": 0, "node": "a", "duration": 20}),
        ("10", "seek", {"from": 10, "to": 4}),
        ("16", "choice", {"position": 10, "toNode": "b", "duration": 30, "option": "L"}),
        ("16", "play", {"position": 0}),
        ("30", "sessionEnd", {"position": 14}),
    ]
    at = "2026-03-01T10:00:{}Z"
    client.append(
        session, [{"type": kind, "timestamp": at.format(second), "data": data} for second, kind, data in told]
    )
    ago = {"createdAt": -days_ago * DAY, "lastEventAt": -days_ago * DAY}
    db.sessions.update_one({"_id": session}, {"$inc": ago})
    return session


def delete(app, client, sessions):
    client.delete(f"/api/sessions/{sessions[0]}")


def purge(app, client, sessions):
    app.test_cli_runner().invoke(args=["purge", "--owner", client.owner], catch_exceptions=False)


def retention(app, client, sessions):
    services_of(app).removal.expire()


def patch(**content):
    def change(app, client, sessions):
        client.request("PATCH", f"/api/sessions/{sessions[0]}", content, content_type="application/merge-patch+json")

    return change


OPERATIONS = {
    "DELETE": delete,
    "purge": purge,
    "retention": retention,
    "a PATCH that moves it": patch(videoId="another"),
    "a PATCH of the viewer": patch(metadata={"viewerId": "somebody else"}),
}


@pytest.mark.processes
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_after_a_stop_at_any_step_answers_match_the_remaining_sessions(operation, app, db, monkeypatch):
    steps, is_over = 0, False
    while not is_over:
        client = Owner(app, f"owner {steps}")
        sessions = [watched(client, db, days, viewer) for days, viewer in ((40, "x"), (40, "y"), (3, "x"), (3, "z"))]
        check(app, client, db)  # and the sums are kept
        try:
            with stopping_after(steps, monkeypatch):
                operation(app, client, sessions)
            is_over = True
        except Stopped:
            steps += 1
        services_of(app).removal.sweep()
        for _ in services_of(app).videos.summarising.work(60, lambda: 0, at_once=True):
            pass
        check(app, client, db)
        db.sessions.delete_many({})  # or each sweep would have the tombstones of all before
    assert steps


def check(app, client, db):
    """Compare what is told of each video with the second implementation; events of nothing that is gone are left."""
    for video in ("film", "another"):
        left = list(db.sessions.find({"owner": client.owner, "videoId": video}))
        answers = {name: ask(client, name, video) for name in ("summary", "heatmap", "choices")}
        if left:
            compare(app, client, answers, left)
        else:
            assert {answer.status_code for answer in answers.values()} == {404}
    alive = [each["_id"] for each in db.sessions.find({"deletedAt": {"$exists": False}}, {"_id": 1})]
    assert db.events.count_documents({"session": {"$nin": alive}}) == 0


def ask(client, operation, video):
    width = {"binSeconds": WIDTH // 1000} if operation == "heatmap" else {}
    return client.get(f"/api/videos/{operation}", query_string={"videoId": video} | width)


def compare(app, client, answers, left):
    summary, heatmap, choices = (answers[name].json for name in ("summary", "heatmap", "choices"))
    repository = services_of(app).sessions
    views = [unpack(packed(walk(repository.timeline_events(each["_id"], owner=client.owner)[1]))) for each in left]
    assert summary["pending"] == heatmap["pending"] == choices["pending"] == 0
    assert (summary["sessions"], summary["views"]) == (len(left), len(views))
    assert summary["viewers"] == len({each["metadata"]["viewerId"] for each in left})
    for told in heatmap["nodes"]:
        columns, _ = brute.heat(views, [False] * len(views), told["node"], WIDTH, {})
        for name in columns.keys() - {"watched", "unique"}:
            assert told[name] == columns[name], name
    for told in choices["nodes"]:
        edges = {
            (edge["to"], edge["option"], edge["cause"]): (edge["taken"], edge["sessions"], edge["first"])
            for edge in told["edges"]
        }
        assert edges == brute.edges(views, told["node"])
