"""The sessions that a newcomer is shown."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.client import Client
from tests.databases import empty_database
from tests.service import SECRET
from videosession import sample_sessions, sample_viewers
from videosession.app import create_app
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
    title = next(title for title, script in sample_sessions.SESSIONS.items() if script is sample_sessions.FILM)
    assert PICTURE.read_text() == picture(viewing, summarise(viewing), title)


@pytest.fixture(scope="module")
def shown(mongo) -> Iterator[tuple[Client, str]]:
    """The service after `flask demo`, run twice, and what that printed at last."""
    with empty_database(mongo) as database:
        app = create_app({"JWT_SECRET": SECRET}, db=database, deadline_seconds=60)
        for _ in range(2):
            printed = app.test_cli_runner().invoke(args=["demo"], catch_exceptions=False).output
        client = Client(app)
        [client.token] = re.findall(r"TOKEN=(\S+)", printed)
        yield client, printed


@pytest.mark.processes
def test_the_command_prints_the_address_of_a_page_with_the_token_that_it_needs(shown):
    client, printed = shown
    address, token = re.search(r"http://localhost:\d+(/demo)#token=(\S+)", printed).groups()
    player = Client(client.app, None)
    player.token = token
    assert player.get(address, buffered=True).status_code == 200
    session_id = player.new_session()
    assert player.post(f"/api/sessions/{session_id}/token", {}).status_code == 201
    assert player.get(f"/api/sessions/{session_id}/timeline.svg").status_code == 200


@pytest.mark.processes
def test_the_command_prints_what_to_open_and_it_opens(shown):
    client, printed = shown
    paths = re.findall(r"http://localhost:\d+(/api[^\s\"]+)", printed)
    assert len(paths) == len(sample_sessions.SESSIONS) + 2
    assert {client.get(path).status_code for path in paths} == {200}


@pytest.mark.processes
def test_the_command_stores_its_viewers_once(shown):
    client, _ = shown
    while (answer := client.get("/api/videos/choices?videoId=demo").json)["pending"]:
        pass  # the machine is busy: two seconds did not do
    assert (answer["views"], answer["neverVisited"]) == (200, ["storm"])


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
