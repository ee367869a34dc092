"""JSON merge patches (RFC 7396) update a session; the limits apply to the result."""

import threading

import pytest

from tests.client import Client

MERGE_PATCH = "application/merge-patch+json"
KIB = 1024

# The examples of RFC 7396, Appendix A, whose results a session's metadata can hold.
PUBLISHED = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"a": [1, 2]}, {"a": {"b": "c", "d": None}}, {"a": {"b": "c"}}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    (None, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.fixture
def app(shared_app):
    return shared_app


def patch(client, session_id: str, body, **options):
    return client.request("PATCH", f"/api/sessions/{session_id}", body, **{"content_type": MERGE_PATCH} | options)


def look(client, session_id: str) -> dict:
    return client.get(f"/api/sessions/{session_id}?events=none").json


@pytest.mark.parametrize(("target", "changes", "result"), PUBLISHED)
def test_metadata_is_merged_as_rfc_7396_says(client, target, changes, result):
    session_id = client.new_session(**{"metadata": target} if target is not None else {})
    assert patch(client, session_id, {"metadata": changes}).json["metadata"] == result
    assert look(client, session_id)["metadata"] == result


CHANGES = {
    "a title": ({"title": "New"}, {"title": "New"}, set()),
    "null as description": ({"description": None}, {"description": ""}, set()),
    "null as videoId": ({"videoId": None}, {}, {"videoId"}),
    "null as metadata": ({"metadata": None}, {}, {"metadata"}),
    "all at once": (
        {"title": "ü", "description": "d", "videoId": "v", "metadata": {"a": None, "b": {"c": None}}},
        {"title": "ü", "description": "d", "videoId": "v", "metadata": {"b": {}}},
        set(),
    ),
    "nothing": ({}, {}, set()),
}


@pytest.mark.parametrize(("body", "changed", "removed"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("content_type", [MERGE_PATCH, "application/json"])
def test_a_patch_sets_its_fields_and_null_removes_them(client, body, changed, removed, content_type):
    sent = {"title": "Old", "description": "Said", "videoId": "film", "metadata": {"a": 1}}
    before = client.post("/api/sessions", sent).json
    answer = patch(client, before["id"], body, content_type=content_type)
    expected = {field: value for field, value in (before | changed).items() if field not in removed}
    assert (answer.status_code, answer.json) == (200, expected)
    assert look(client, before["id"]) == expected


REFUSED = {
    "null as title": ({"title": None}, "/title"),
    "an empty title": ({"title": ""}, "/title"),
    "5001 characters of description": ({"description": "d" * 5001}, "/description"),
    "an empty videoId": ({"videoId": ""}, "/videoId"),
    "metadata that are no object": ({"metadata": [1]}, "/metadata"),
    "a key with a dot, though it removes": ({"metadata": {"a.b": None}}, "/metadata/a.b"),
    "an operator": ({"metadata": {"a": {"$set": 1}}}, "/metadata/a/$set"),
    "what a patch cannot change": ({"id": "x"}, "/id"),
    "no object": ([], ""),
}


@pytest.mark.parametrize(("body", "pointer"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_patch_changes_nothing(client, body, pointer):
    session_id = client.new_session(metadata={"a": 1})
    before = look(client, session_id)
    answer = patch(client, session_id, body)
    assert (answer.status_code, [error["pointer"] for error in answer.json["errors"]]) == (422, [pointer])
    assert look(client, session_id) == before


def test_small_patches_cannot_grow_metadata_beyond_its_limit(client):
    session_id = client.new_session(metadata={"a": "x" * 9 * KIB})
    answer = patch(client, session_id, {"metadata": {"b": "x" * 9 * KIB}})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/metadata")
    assert set(look(client, session_id)["metadata"]) == {"a"}
    assert patch(client, session_id, {"metadata": {"a": None, "b": "x" * 9 * KIB}}).status_code == 200


def test_a_patch_of_another_media_type_is_rejected_with_the_accepted_ones(client):
    answer = patch(client, client.new_session(), b"[]", content_type="application/json-patch+json")
    assert answer.status_code == 415
    assert answer.headers["Accept-Patch"] == "application/merge-patch+json, application/json"


@pytest.mark.parametrize("whose", ["a stranger's", "deleted", "never there"])
def test_only_the_owner_can_change_a_session_and_only_if_it_exists(client, stranger, whose):
    session_id = client.new_session()
    if whose == "deleted":
        client.delete(f"/api/sessions/{session_id}")
    asking = stranger if whose == "a stranger's" else client
    assert patch(asking, session_id if whose != "never there" else "0" * 32, {"title": "Mine"}).status_code == 404


def test_simultaneous_patches_are_all_applied_or_rejected(app, client):
    session_id = client.new_session(metadata={})
    statuses = {}

    def change(name: str) -> None:
        own = Client(app)
        for place in range(5):
            statuses[f"{name}{place}"] = patch(own, session_id, {"metadata": {f"{name}{place}": 1}}).status_code

    threads = [threading.Thread(target=change, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses.values()) <= {200, 409}
    assert set(look(client, session_id)["metadata"]) == {key for key, status in statuses.items() if status == 200}
    assert len(statuses) == 20
