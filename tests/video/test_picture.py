"""The pictures of whole videos: small, safe, and in words for those who do not see them."""

import random
from xml.etree import ElementTree

import pytest

from tests.client import Client
from videosession import sample_sessions, sample_viewers
from videosession.timeline import walk
from videosession.video import Film, Session, packed, picture, plan_of, small_groups
from videosession.video.results import Result, pack

NOW = 10**15
HOSTILE = '<script>alert(1)</script>&"\u202e\x0b' + "x" * 300
SVG = "{http://www.w3.org/2000/svg}"


def film_of_viewers(count):
    sessions = []
    for place, viewer in enumerate(sample_viewers.viewers(count)):
        events = [{"eventId": str(at)} | event for at, event in enumerate(sample_sessions.events(viewer.script))]
        metadata = {"viewerId": viewer.id, "variant": viewer.variant}
        sessions.append(Session(str(place), 0, 0, metadata, packed(walk(events))))
    return Film(sessions, NOW, plan_of(sample_viewers.PLAN))


def hostile_film(nodes, count=300):
    """Return a film of many nodes with names that are markup, each session with a path of its own."""
    chance = random.Random(7)
    names = [None, *(f"{HOSTILE}{place}" for place in range(nodes - 1))]
    sessions = []
    for place in range(count):
        path = chance.sample(range(nodes), min(nodes, 30))
        own = [names[at] for at in path]
        segments = [(at, 0, chance.randrange(500, 7_000_000)) for at in range(len(path))]
        jumps = [(at, 10_000, 6_000_000) for at in range(len(path))]
        departures = [(HOSTILE, "choice")] * (len(path) - 1)
        result = Result(
            own, [7_200_000] * len(own), list(range(len(own))), departures, segments, jumps, True, False, [], False
        )
        sessions.append(Session(str(place), 0, 0, {"variant": "AB"[place % 2]}, pack(result)))
    return Film(sessions, NOW)


def pictures(film, values=("A", "B")):
    heatmaps = [group.heatmap() for group in film.groups(("variant",), values)]
    nodes = [heat["nodes"][0] if heat["nodes"] else None for heat in heatmaps]
    return {
        "heatmap": picture.heatmap(film.heatmap()),
        "choices": picture.choices(film.choices(), film.paths(picture.STEPS)["flows"]),
        "comparison": picture.comparison(film.compared(("variant",), values), nodes),
    }


FILMS = {
    "nobody": Film([], NOW),
    "one viewer": film_of_viewers(1),
    "200 viewers": film_of_viewers(200),
    "one hostile node": hostile_film(1),
    "1 000 hostile nodes": hostile_film(1000),
}


@pytest.mark.processes
@pytest.mark.parametrize("film", FILMS.values(), ids=FILMS)
def test_a_picture_is_small_safe_and_described_in_words(film):
    for name, drawn in pictures(film).items():
        assert len(drawn.encode()) < 300_000, name
        root = ElementTree.fromstring(drawn)
        assert root.attrib["role"] == "img"
        assert root.find(f"{SVG}title").text
        assert root.find(f"{SVG}desc").text
        assert not [each for each in root.iter() if each.tag in (f"{SVG}script", f"{SVG}image", f"{SVG}a")]
        assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_a_picture_describes_its_content_in_words():
    drawn = pictures(FILMS["200 viewers"])
    assert "chose “Take the boat”" in drawn["choices"]
    assert "Never visited: storm" in drawn["choices"]
    boat = picture.heatmap(FILMS["200 viewers"].heatmap(node=("boat",)))
    assert "Seen again from 0:1" in boat


def test_the_simulated_viewers_are_the_same_every_time():
    assert list(sample_viewers.viewers(20)) == list(sample_viewers.viewers(20))


@pytest.mark.parametrize("operation", ["heatmap", "choices", "comparison"])
def test_a_picture_of_a_video_is_served(shared_app, operation):
    client = Client(shared_app, "pictures")
    client.new_session(videoId="drawn", metadata={"variant": "A"})
    query = "?videoId=drawn" + ("&by=metadata.variant&a=A&b=B" if operation == "comparison" else "")
    drawn = client.get(f"/api/videos/{operation}.svg{query}")
    assert drawn.mimetype == "image/svg+xml"
    assert drawn.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    accepted = client.get(f"/api/videos/{operation}{query}", headers={"Accept": "image/svg+xml"})
    assert accepted.data == drawn.data


def test_what_is_hidden_is_not_drawn_as_nothing():
    film = film_of_viewers(14)
    one = picture.heatmap(small_groups.heatmap(film.heatmap(node=("boat",)), 5))
    several = picture.heatmap(small_groups.heatmap(film.heatmap(), 5))
    choices = picture.choices(small_groups.choices(film_of_viewers(40).choices(), 5), [])
    for drawn in (one, several, choices):
        assert "too few to show" in drawn
        assert 'class="hidden"' in drawn
    assert "boat: at least 30 % seen on average" in one
    assert "5 viewers" in picture.choices(small_groups.suppressed(5), [])
