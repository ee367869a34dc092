"""Sessions that are as large as possible: every stored result and every answer stays below its limit."""

import json
import random

import bson
import pytest

from videosession import instants
from videosession.instants import SECOND
from videosession.services import services_of
from videosession.timeline.viewing import Departure, Jump, Node, Segment, Viewing
from videosession.video import Film, Session, picture, tables
from videosession.video.results import PACKED_BYTES, packed, unpack

NOW = 10**15
START = 1_772_359_200 * SECOND
NODES = 10_000
ANSWER_BYTES = 16 * 1024 * 1024
JSON, CSV, SVG = "application/json", "text/csv", "image/svg+xml"
OPERATIONS = {
    "summary": [JSON], "heatmap": [JSON, CSV, SVG], "choices": [JSON, CSV, SVG], "paths": [JSON, CSV],
    "comparison": [JSON, SVG],
}  # fmt: skip
QUERIES = {"paths": {"steps": 20, "limit": 100}, "comparison": {"by": "metadata.variant", "a": "A", "b": "B"}}


def viewing(nodes, entries, segments, name="n{}", seed=0):
    """Return what a walk would of so many nodes, entries of the path and segments; jumps as many as segments."""
    chance = random.Random(seed)
    made = [Node(name.format(place), 1, 60.0) for place in range(nodes)]
    path = [made[chance.randrange(nodes)] if place >= nodes else made[place] for place in range(entries)]
    told = Viewing(ended=True, path=path)
    told.nodes = {node.id: node for node in made}
    for place in range(entries - 1):
        told.departures.append(Departure(path[place], path[place + 1], f"option {place}" * 10, "choice", 0, None))
    for place in range(min(segments, 5_000)):
        node, start = path[place % entries], chance.uniform(0, 7_000_000)
        told.segments.append(Segment(node, start, start + chance.uniform(1, 100_000), 0, 0, 1.0))
        told.jumps.append(Jump(node, start, chance.uniform(0, 7_000_000), "user", 0, 0))
    told.segments += told.segments[-1:] * (segments - len(told.segments))
    told.jumps += told.jumps[-1:] * (segments - len(told.jumps))
    return told


LONG = "".join(random.Random(1).choices("abcdef", k=190))
HOSTILE = {
    "10 000 nodes": {"nodes": 10_000, "entries": 10_000, "segments": 10_000},
    "a million segments": {"nodes": 3, "entries": 3, "segments": 1_000_000},
    "long names": {"nodes": 2_000, "entries": 2_000, "segments": 3_000, "name": "{}" + "名" * 195},
    "long names by chance": {"nodes": 1_000, "entries": 1_000, "segments": 10, "name": "{}" + LONG},
}


@pytest.mark.processes
@pytest.mark.parametrize("sizes", HOSTILE.values(), ids=HOSTILE)
def test_a_stored_result_is_small_and_marked_if_clipped(sizes):
    told = viewing(**sizes)
    data = packed(told)
    assert len(data) < PACKED_BYTES
    result = unpack(data)
    assert len(result.path) <= 1_000
    assert max(len(result.segments), len(result.jumps)) <= 3_000
    assert result.clipped == (len(told.path) > 1_000 or len(told.segments) > 3_000)


@pytest.mark.processes
def test_many_sessions_with_different_nodes_still_give_small_answers():
    sessions = []
    for place in range(250):  # 12 500 nodes
        told = viewing(50, 50, 60, name=f"{place}-{{}}", seed=place)
        sessions.append(Session(str(place), 0, 0, {"variant": "AB"[place % 2]}, packed(told)))
    film = Film(sessions, NOW)
    answers = [
        film.summary(),
        film.heatmap(),
        film.choices(),
        film.paths(20, 100),
        film.compared(("variant",), ("A", "B")),
    ]
    for answer in answers:
        assert len(json.dumps(answer)) < ANSWER_BYTES
    assert (answers[0]["nodesOmitted"], len(answers[0]["nodes"])) == (11_500, 1_000)
    assert sum(len(node["views"]) for node in answers[1]["nodes"]) <= 20_000
    assert sum(len(node["edges"]) for node in answers[2]["nodes"]) <= 5_000
    assert len(tables.heatmap(answers[1])) < ANSWER_BYTES
    assert len(picture.heatmap(answers[1])) < 300_000
    assert len(picture.choices(answers[2], film.paths(picture.STEPS)["flows"])) < 300_000


@pytest.mark.processes
def test_hostile_sessions_give_small_documents_and_answers_on_a_real_server(client, app, db):
    walked = client.new_session(videoId="film", metadata={"variant": "A"})
    play = {"type": "play", "timestamp": instants.write(START - SECOND), "data": {"node": "n", "position": 0}}
    assert client.append(walked, play).status_code == 201
    for start in range(0, NODES, 1_000):  # each event leads into a node of its own
        events = [
            {"type": "nodeEnter", "timestamp": instants.write(START + place * SECOND), "data": {"toNode": f"n{place}"}}
            for place in range(start, start + 1_000)
        ]
        assert client.append(walked, events).status_code == 201
    large = [viewing(3, 3, 1_000_000), *(viewing(50, 50, 60, name=f"{place}-{{}}", seed=place) for place in range(60))]
    db.sessions.insert_many([stored(place, told) for place, told in enumerate(large)])
    for operation, forms in OPERATIONS.items():
        for media_type in forms:
            query = {"videoId": "film"} | QUERIES.get(operation, {})
            answer = client.get(f"/api/videos/{operation}", query_string=query, headers={"Accept": media_type})
            assert answer.status_code == 200, answer.text
            assert len(answer.data) < (300_000 if media_type == SVG else ANSWER_BYTES), (operation, media_type)
    summary = client.get("/api/videos/summary?videoId=film").json
    assert (summary["pending"], summary["clipped"], len(summary["nodes"])) == (0, 2, 1_000)
    results = [each["result"]["packed"] for each in db.sessions.find({}, {"result": 1})]
    assert len(results) == 62
    assert max(map(len, results)) < PACKED_BYTES
    videos = services_of(app).videos
    videos._most, videos.sums.timer = 1, lambda: 0  # from daily sums, too
    kept = client.get("/api/videos/heatmap?videoId=film")
    assert (kept.json["pending"], len(kept.data) < ANSWER_BYTES) == (0, True)
    assert max(len(bson.encode(each)) for each in db.sums.find({})) < ANSWER_BYTES


def stored(place, told):
    session = {"_id": f"{place:032x}", "owner": "alice", "title": "x", "description": "", "videoId": "film"}
    times = {"createdAt": START, "lastEventAt": START, "version": 1, "revision": "r", "moved": 0}
    result = {"of": "r", "token": "t", "packed": packed(told)}
    return session | times | {"metadata": {"variant": "AB"[place % 2]}, "result": result}
