"""A field of a session is named once, in NewSession: every request and every answer that should have it does."""

import json

import pytest
from flask import Flask
from marshmallow import fields

from tests.documents import section
from videosession.sessions.fields import JSONObject
from videosession.sessions.schemas import NewSession

FIELDS = NewSession._declared_fields.items()
# What is sent for each kind of field, and what replaces it. A new kind of field needs its own line.
VALUES = {
    JSONObject: ({"of": "anything"}, {"other": 1}),
    fields.Boolean: (True, False),
    fields.Integer: (70, 80),
    fields.String: ("some text", "another text"),
}


def value(field: fields.Field, place: int):
    return next(values[place] for kind, values in VALUES.items() if isinstance(field, kind))


EVERY = {field.data_key or name: value(field, 0) for name, field in FIELDS}
OTHERS = {field.data_key or name: value(field, 1) for name, field in FIELDS}


@pytest.fixture
def app(shared_app) -> Flask:
    return shared_app


def exported(client, session_id: str) -> dict:
    result = client.app.test_cli_runner().invoke(args=["export", session_id])
    return json.loads(result.stdout.splitlines()[0])["session"]


ANSWERS = {
    "a session": lambda client, session_id: client.get(f"/api/sessions/{session_id}").json,
    "without its events": lambda client, session_id: client.get(f"/api/sessions/{session_id}?events=none").json,
    "in the list": lambda client, session_id: client.get("/api/sessions?limit=1").json["sessions"][0],
    "a patch of nothing": lambda client, session_id: client.request("PATCH", f"/api/sessions/{session_id}", {}).json,
    "an export": exported,
}


def fields_of(answer: dict) -> dict:
    return {name: answer.get(name) for name in EVERY}


def test_every_field_of_a_session_is_in_docs_api_md():
    missing = {name for name in EVERY if f"`{name}`" not in section("api.md", "Sessions")}
    assert missing == set(), "describe these fields in docs/api.md, Sessions"


def test_a_created_session_is_returned_with_every_field_that_was_sent(client):
    assert fields_of(client.post("/api/sessions", EVERY).json) == EVERY


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_field_of_a_session_is_in_every_answer(client, answer):
    session_id = client.new_session(**EVERY)
    assert fields_of(answer(client, session_id)) == EVERY


@pytest.mark.parametrize("name", EVERY)
def test_every_field_of_a_session_can_be_changed_with_a_patch(client, name):
    session_id = client.new_session(**EVERY)
    patched = client.request("PATCH", f"/api/sessions/{session_id}", {name: OTHERS[name]}).json
    is_merged = isinstance(EVERY[name], dict)
    assert patched[name] == (EVERY[name] | OTHERS[name] if is_merged else OTHERS[name])
    assert fields_of(patched) == EVERY | {name: patched[name]}


def test_every_field_in_an_export_is_imported(client, stranger):
    session_id = client.new_session(**EVERY)
    lines = json.dumps({"session": exported(client, session_id) | {"id": "f" * 32, "owner": "mallory"}})
    result = client.app.test_cli_runner().invoke(args=["import", "-"], input=lines)
    assert result.exit_code == 0, result.output
    assert fields_of(stranger.get(f"/api/sessions/{'f' * 32}").json) == EVERY
