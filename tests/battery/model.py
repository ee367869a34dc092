"""Sessions as a dictionary has them: whatever is done to the service, in whatever order, it says the same."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pymongo
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule, run_state_machine_as_test

from tests.answers import canonical
from tests.battery.finding import MADE_UP, Finding, control
from tests.battery.stage import AT, stage
from tests.client import Client
from tests.service import SECRET
from videosession.app import create_app
from videosession.sessions.appends import _Append

RUNS, STEPS = 100, 30
_owners = count()

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts, lambda deeper: st.lists(deeper, max_size=3), max_leaves=5
)
events = st.fixed_dictionaries(
    {"type": texts, "timestamp": st.sampled_from([AT, "2026-03-01T10:00:01.5+01:00", "2020-02-29T00:00:00Z"])},
    optional={"data": st.dictionaries(texts, values, max_size=3), "eventId": st.sampled_from("abcdef")},
)


def experiments() -> Iterator[Finding]:
    """Compare the service with the dictionary, then one that lets an id be taken twice."""
    with stage() as built, pymongo.MongoClient(built.database.uri) as mongo:
        app = create_app({"JWT_SECRET": SECRET}, db=mongo["model"])
        failure = compare(app, RUNS)
        what = f"comparison with a model: {RUNS} runs of {STEPS} random operations"
        made = mongo["model"].events.estimated_document_count()
        yield Finding(what, failure or f"0 failures, {made} events at the end", not failure)
        with ids_taken_twice():
            failure = compare(app, RUNS)
        yield control("the same, a service that accepts an id twice", failure or "0 failures", not failure)


def compare(app, runs: int, steps: int = STEPS) -> str:
    """Run the machine; what differed, if anything did."""

    class Machine(Model):
        client = property(lambda self: self._client)

        def __init__(self):
            super().__init__()
            self._client = Client(app, f"model-{next(_owners)}")

    quick = settings(MADE_UP, max_examples=runs, stateful_step_count=steps)
    try:
        run_state_machine_as_test(Machine, settings=quick)
    except AssertionError as error:
        return f"{error}"[:100] or traceback.extract_tb(error.__traceback__)[-1].line or ""
    return ""


class Model(RuleBasedStateMachine):
    """What the service must say, for one owner."""

    sessions = Bundle("sessions")

    def __init__(self):
        super().__init__()
        self.kept: dict[str, dict] = {}

    @rule(target=sessions, title=texts, description=texts)
    def create(self, title, description):
        answer = self.client.post("/api/sessions", {"title": title, "description": description})
        assert answer.status_code == 201, answer.text
        self.kept[answer.json["id"]] = {"title": title, "description": description, "events": {}}
        return answer.json["id"]

    @rule(session=sessions, event=events)
    def append(self, session, event):
        self._append(session, event, [event])

    @rule(session=sessions, batch=st.lists(events, min_size=1, max_size=4))
    def append_many(self, session, batch):
        self._append(session, batch, batch)

    @rule(session=sessions)
    def send_again(self, session):
        for event in list(self.kept.get(session, {}).get("events", {}).values())[:3]:
            answer = self.client.append(session, event)
            assert (answer.status_code, canonical(answer.json)) == (201, canonical(event))

    @rule(session=sessions, title=texts)
    def rename(self, session, title):
        path, media_type = f"/api/sessions/{session}", "application/merge-patch+json"
        answer = self.client.request("PATCH", path, {"title": title}, content_type=media_type)
        assert answer.status_code == (200 if session in self.kept else 404)
        if session in self.kept:
            self.kept[session]["title"] = title

    @rule(session=sessions)
    def read(self, session):
        answer = self.client.get(f"/api/sessions/{session}")
        if session not in self.kept:
            assert answer.status_code == 404
            return
        kept, said = self.kept[session], answer.json
        assert (said["title"], said["description"]) == (kept["title"], kept["description"])
        found = {event["eventId"]: event for event in said["events"]}
        assert len(found) == len(said["events"]), "an event is there twice"
        assert canonical(found) == canonical(kept["events"])

    @rule(session=sessions)
    def page(self, session):
        answer = self.client.get(f"/api/sessions/{session}/events?limit=1000")
        assert answer.status_code == (200 if session in self.kept else 404)
        if session in self.kept:
            assert {event["eventId"] for event in answer.json["events"]} == set(self.kept[session]["events"])

    @rule()
    def list(self):
        answer = self.client.get("/api/sessions?limit=200")
        assert {session["id"] for session in answer.json["sessions"]} == set(self.kept)

    @rule(session=consumes(sessions), target=sessions)
    def delete(self, session):
        answer = self.client.delete(f"/api/sessions/{session}")
        assert answer.status_code == (200 if self.kept.pop(session, None) else 404)
        return multiple(session)

    def _append(self, session, body, batch):
        answer = self.client.append(session, body)
        given = {}
        conflict = False
        for event in batch:
            whole = {"data": {}} | event
            if "eventId" in event:
                conflict |= canonical(given.setdefault(event["eventId"], whole)) != canonical(whole)
        if conflict:
            assert answer.status_code == 422, answer.text
            return
        if session not in self.kept:
            assert answer.status_code == 404, answer.text
            return
        stored = self.kept[session]["events"]
        if any(canonical(stored.get(event_id, event)) != canonical(event) for event_id, event in given.items()):
            assert answer.status_code == 409, "an id was taken twice"
            return
        assert answer.status_code == 201, answer.text
        for event, said in zip(batch, answer.json["events"] if body is batch else [answer.json], strict=True):
            assert canonical(said) == canonical({"data": {}} | event | {"eventId": said["eventId"]})
            stored[said["eventId"]] = said


@contextmanager
def ids_taken_twice() -> Iterator[None]:
    """Believe that whoever sends an id again sends the same."""
    refusing = _Append.refuse
    _Append.refuse = lambda *_: None
    try:
        yield
    finally:
        _Append.refuse = refusing
