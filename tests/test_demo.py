"""The sessions that a newcomer is shown."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from videosession import sample_sessions
from videosession.timeline import picture, summarise, timeline, walk

PICTURE = Path(__file__).parent.parent / "videosession" / "static" / "timeline-of-a-film.svg"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (sample_sessions.LECTURE, {"rewatchedSeconds": 360.0, "completed": False, "completeEvent": True}),
        (sample_sessions.FILM, {"path": ["The station", "The train", "The station", "The river", "The end"]}),
        (
            sample_sessions.LAPTOP,
            {"watchedSeconds": 1246.0, "wall": {"playing": 1246.0, "stalled": 28394.0, "paused": 60.0}},
        ),
    ],
    ids=["a lecture", "a film", "a laptop"],
)
def test_a_script_tells_its_story(script, told):
    answer = timeline({"eventId": str(place)} | event for place, event in enumerate(sample_sessions.events(script)))
    assert {field: answer[field] for field in told} == told


def test_the_picture_in_the_readme_is_what_the_service_draws():
    ended = datetime(2026, 3, 1, 10, 6, 5, tzinfo=UTC)
    viewing = walk(
        {"eventId": str(place)} | event
        for place, event in enumerate(sample_sessions.events(sample_sessions.FILM, ended))
    )
    assert PICTURE.read_text() == picture(viewing, summarise(viewing))


def test_the_command_prints_the_address_of_a_page_with_the_token_that_it_needs(app, client):
    printed = app.test_cli_runner().invoke(args=["demo"], catch_exceptions=False).output
    address, client.token = re.search(r"http://localhost:\d+(/demo)#token=(\S+)", printed).groups()
    assert client.get(address, buffered=True).status_code == 200
    session_id = client.new_session()
    assert client.post(f"/api/sessions/{session_id}/token", {}).status_code == 201
    assert client.get(f"/api/sessions/{session_id}/timeline.svg").status_code == 200


def test_the_command_prints_what_to_open_and_it_opens(app, client):
    printed = app.test_cli_runner().invoke(args=["demo"], catch_exceptions=False).output
    client.token = re.search(r"TOKEN=(\S+)", printed)[1]
    paths = re.findall(r"http://localhost:\d+(/api\S+)", printed)
    assert len(paths) == len(sample_sessions.SESSIONS)
    assert {client.get(path).status_code for path in paths} == {200}
