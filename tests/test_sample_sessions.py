"""The sessions that a newcomer is shown."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from videosession import sample_sessions, sample_viewers
from videosession.timeline import picture, summarise, timeline, walk
from videosession.video import Film, Session, packed, plan_of
from videosession.video import picture as whole

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
    paths = re.findall(r"http://localhost:\d+(/api[^\s\"]+)", printed)
    assert len(paths) == len(sample_sessions.SESSIONS) + 2
    assert {client.get(path).status_code for path in paths} == {200}


FILM = PICTURE.parent


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("choices-of-a-film.svg", lambda film: whole.choices(film.choices(), film.paths(whole.STEPS)["flows"])),
        ("part-of-a-film.svg", lambda film: whole.heatmap(film.heatmap(node=("boat",)))),
    ],
)
def test_the_pictures_of_a_whole_film_in_the_readme_are_what_the_service_draws(name, draw):
    sessions = []
    for place, viewer in enumerate(sample_viewers.viewers(200)):
        events = enumerate(sample_sessions.events(viewer.script, sample_viewers.ENDED))
        viewing = walk({"eventId": str(number)} | event for number, event in events)
        metadata = {"viewerId": viewer.id, "variant": viewer.variant}
        sessions.append(Session(str(place), 0, 0, metadata, packed(viewing)))
    drawn = draw(Film(sessions, 10**15, plan_of(sample_viewers.PLAN)))
    assert (FILM / name).read_text() == drawn


def test_the_command_stores_its_viewers_once(app, client):
    for _ in range(2):
        printed = app.test_cli_runner().invoke(args=["demo"], catch_exceptions=False).output
        client.token = re.search(r"TOKEN=(\S+)", printed)[1]
        while (answer := client.get("/api/videos/choices?videoId=demo").json)["pending"]:
            pass  # the machine is busy: two seconds did not do
        assert (answer["views"], answer["neverVisited"]) == (200, ["storm"])
