"""The timeline of a session, as a client asks for it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

CASES = json.loads((Path(__file__).parents[1] / "timeline" / "cases.json").read_text())


def _film(client) -> str:
    session_id = client.new_session()
    stamp = "2026-03-01T10:{:02}:00Z".format
    client.append(
        session_id,
        [
            {"type": "play", "timestamp": stamp(0), "data": {"position": 0, "duration": 600}},
            {"type": "seek", "timestamp": stamp(1), "data": {"from": 60, "to": 300}},
            {"type": "choice", "timestamp": stamp(2), "data": {"toNode": "<b>", "fromPosition": 360, "duration": 60}},
            {"type": "pause", "timestamp": stamp(3), "data": {"position": 60}},
        ],
    )
    return session_id


@pytest.mark.parametrize("case", CASES[::8], ids=lambda case: case["name"])
def test_a_published_log_has_the_same_timeline_over_http(client, case):
    session_id = client.new_session()
    for event in case["events"]:
        event.setdefault("data", {})
    client.append(session_id, case["events"])
    answer = client.get(f"/api/sessions/{session_id}/timeline", query_string=case["query"])
    assert answer.status_code == 200
    expected = case["expected"]
    watched = answer.json["watchedSeconds"]
    assert watched == pytest.approx(expected.get("watchedSeconds", watched), abs=0.002)
    assert answer.json["path"] == expected.get("path", answer.json["path"])


def test_the_timeline_has_the_watched_segments_and_the_jumps(client):
    answer = client.get(f"/api/sessions/{_film(client)}/timeline").json
    assert [(each["from"], each["to"]) for each in answer["segments"]] == [(0, 60), (300, 360), (0, 60)]
    assert [(each["from"], each["to"], each["cause"]) for each in answer["jumps"]] == [(60, 300, "user")]
    assert answer["path"] == [None, "<b>"]


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("timeline", None, "application/json"),
        ("timeline", "*/*", "application/json"),
        ("timeline", "application/json", "application/json"),
        ("timeline", "image/svg+xml", "image/svg+xml"),
        ("timeline", "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", "image/svg+xml"),
        ("timeline.svg", None, "image/svg+xml"),
    ],
)
def test_the_picture_is_sent_if_the_accept_header_asks_for_it(client, path, accept, kind):
    answer = client.get(f"/api/sessions/{_film(client)}/{path}", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, kind)
    if kind == "image/svg+xml":
        assert ElementTree.fromstring(answer.text).tag.endswith("svg")
        assert "<b>" not in answer.text


@pytest.mark.parametrize("query", ["threshold=0.3090325688768299", "binSeconds=184.25463344313903", "binSeconds=5"])
def test_numbers_in_queries_may_have_the_forms_that_clients_compute(client, query):
    assert client.get(f"/api/sessions/{_film(client)}/timeline?{query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("threshold=1.5", "threshold"),
        ("threshold=nan", "threshold"),
        ("threshold=1e0", "threshold"),
        ("binSeconds=0", "binSeconds"),
        ("binSeconds=0.05", "binSeconds"),
        ("binSeconds=3601", "binSeconds"),
        ("binSeconds=1&binSeconds=1", "binSeconds"),
        ("binSeconds=0.1", "the minimum is 0.3"),
        ("bins=1", "bins"),
    ],
)
def test_an_invalid_query_of_a_timeline_is_rejected_with_the_parameters_name(client, query, told):
    answer = client.get(f"/api/sessions/{_film(client)}/timeline?{query}")
    assert answer.status_code == 400
    assert told in answer.json["detail"]


def test_a_session_without_events_has_an_empty_timeline(client):
    answer = client.get(f"/api/sessions/{client.new_session()}/timeline")
    assert (answer.status_code, answer.json["segments"], answer.json["coverage"]) == (200, [], None)


def test_only_the_owner_can_read_a_timeline(client, stranger):
    session_id = _film(client)
    assert stranger.get(f"/api/sessions/{session_id}/timeline").status_code == 404
    assert stranger.get(f"/api/sessions/{session_id}/timeline.svg").status_code == 404
