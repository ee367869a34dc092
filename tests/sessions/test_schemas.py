"""The fields of a session: which values are accepted, and how they are returned."""

import pytest

DEEP: dict = {"a": 1}
for _ in range(63):
    DEEP = {"a": DEEP}

METADATA = {
    "nothing in it": {},
    "every kind of value": {
        "text": "ü",
        "whole": 2**63 - 1,
        "number": 1.5,
        "yes": True,
        "null": None,
        "list": [{}, [1]],
    },
    "64 levels": DEEP,
    "16 KiB": {"a": "x" * (16 * 1024 - len('{"a":""}'))},
    "an id of a database": {"_id": {"a$": 1}},
}

REFUSED = {
    "no text as videoId": ({"videoId": 7}, ["/videoId"]),
    "an empty videoId": ({"videoId": ""}, ["/videoId"]),
    "201 characters of videoId": ({"videoId": "v" * 201}, ["/videoId"]),
    "a videoId that is null": ({"videoId": None}, ["/videoId"]),
    "metadata that is null": ({"metadata": None}, ["/metadata"]),
    "metadata that is no object": ({"metadata": []}, ["/metadata"]),
    "an empty key": ({"metadata": {"": 1}}, ["/metadata/"]),
    "a dot in a key": ({"metadata": {"a": [{"b.c": 1}]}}, ["/metadata/a/0/b.c"]),
    "a key that begins with $": ({"metadata": {"$ref": 1, "b": {"$": 1}}}, ["/metadata/$ref", "/metadata/b/$"]),
    "NUL in a key": ({"metadata": {"a\0": 1}}, ["/metadata/a\0"]),
    "an integer beyond 64 bits": ({"metadata": {"a": 2**63}}, ["/metadata/a"]),
    "65 levels": ({"metadata": {"a": DEEP}}, ["/metadata" + "/a" * 64]),
    "a byte above 16 KiB": ({"metadata": {"a": "x" * (16 * 1024)}}, ["/metadata"]),
}


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA)
def test_video_id_and_metadata_are_returned_as_they_were_sent(client, metadata):
    given = {"videoId": "film-1", "metadata": metadata}
    answer = client.post("/api/sessions", {"title": "Film"} | given)
    assert (answer.status_code, answer.json | given) == (201, answer.json)
    read = client.get(f"/api/sessions/{answer.json['id']}").json
    assert read == {"id": answer.json["id"], "title": "Film", "description": "", "events": []} | given


@pytest.mark.parametrize(("fields", "pointers"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_session_is_rejected_with_a_pointer(client, fields, pointers):
    answer = client.post("/api/sessions", {"title": "Film"} | fields)
    assert answer.status_code == 422
    assert sorted(error["pointer"] for error in answer.json["errors"]) == sorted(pointers)


def test_the_location_header_of_a_created_resource_is_its_url(client):
    session = client.post("/api/sessions", {"title": "Film"})
    assert session.headers["Location"] == f"/api/sessions/{session.json['id']}"
    event = client.append(session.json["id"], {"type": "play", "timestamp": "2026-03-01T10:00:00Z"})
    assert event.headers["Location"] == f"/api/sessions/{session.json['id']}/events/{event.json['eventId']}"
