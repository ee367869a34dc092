"""The sample sessions that `flask demo` creates."""

import re
from collections.abc import Iterator

import pytest

from tests import pictures
from tests.client import Client
from tests.databases import empty_database
from tests.service import SECRET
from videosession import sample_sessions
from videosession.app import create_app
from videosession.timeline import timeline


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
def test_a_sample_session_has_the_intended_timeline(script, told):
    answer = timeline({"eventId": str(place)} | event for place, event in enumerate(sample_sessions.events(script)))
    assert {field: answer[field] for field in told} == told


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
def test_flask_demo_prints_the_url_of_the_demo_page_with_its_token(shown):
    client, printed = shown
    address, token = re.search(r"http://localhost:\d+(/demo)#token=(\S+)", printed).groups()
    player = Client(client.app, None)
    player.token = token
    assert player.get(address, buffered=True).status_code == 200
    session_id = player.new_session()
    assert player.post(f"/api/sessions/{session_id}/token", {}).status_code == 201
    assert player.get(f"/api/sessions/{session_id}/timeline.svg").status_code == 200


@pytest.mark.processes
def test_flask_demo_prints_commands_that_work(shown):
    client, printed = shown
    paths = re.findall(r"http://localhost:\d+(/api[^\s\"]+)", printed)
    assert len(paths) == len(sample_sessions.SESSIONS) + 2
    assert {client.get(path).status_code for path in paths} == {200}


@pytest.mark.processes
def test_flask_demo_stores_its_viewers_once(shown):
    client, _ = shown
    while (answer := client.get("/api/videos/choices?videoId=demo").json)["pending"]:
        pass  # the machine is busy: two seconds did not do
    assert (answer["views"], answer["neverVisited"]) == (200, ["storm"])


def test_the_pictures_in_the_readme_are_what_the_service_draws():
    outdated = [name for name, content in pictures.drawn() if (pictures.FOLDER / name).read_text() != content]
    assert outdated == [], "draw them anew with `.venv/bin/python -m tests.pictures`, and look at them"
