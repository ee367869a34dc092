"""Whatever is stored, an answer stays below 8 MiB and a picture below 1 MiB, and what is left out is counted."""

import json

import pytest

from videosession.timeline import picture, summarise, walk

pytestmark = pytest.mark.processes  # takes seconds

LONG = "\U0001f3ac" * 196  # four characters follow; each of these is twelve bytes in JSON


def events(make, count):
    for place in range(count):
        known, data = make(place)
        yield {"eventId": f"e{place}", "type": known, "timestamp": "", "instant": place * 1_000_000, "data": data}


def branches(place):
    names = {"toNode": f"{LONG}{place % 9000}", "option": f"{LONG}{place % 9999}", "cause": f"{LONG}{place % 9998}"}
    return "choice", names | {"position": 5.123, "toPosition": 1.5}


def seeks_of_a_long_name(place):
    if not place:
        return "play", {"node": LONG, "position": 0}
    return "seek", {"from": place % 7 * 100 + 0.123, "to": place % 11 * 90 + 0.321, "cause": f"{LONG}{place % 9999}"}


def everything(place):
    by_turns = [branches, seeks_of_a_long_name, lambda place: ("chapterStart", {"title": f"{LONG}{place % 9999}"})]
    return by_turns[place // 3 % 3](place) if place % 3 else ("play", {"position": place % 50})


LOGS = {"branches": branches, "seeks": seeks_of_a_long_name, "everything": everything}


@pytest.mark.parametrize("make", LOGS.values(), ids=LOGS)
def test_a_timeline_and_its_picture_have_a_bounded_size(make):
    viewing = walk(events(make, 12_000))
    answer = summarise(viewing)
    assert len(json.dumps(answer)) < 8 * 2**20
    assert len(picture(viewing, answer, LONG, LONG).encode()) < 2**20
    assert answer["omitted"]
    listed = {**answer, **answer["graph"]}
    whole = {"segments": viewing.segments, "jumps": viewing.jumps, "path": viewing.path, "edges": viewing.edges}
    for name, entries in whole.items():
        assert len(listed[name]) + answer["omitted"].get(name, 0) == len(entries)


def test_an_ordinary_timeline_is_complete():
    answer = summarise(walk(events(lambda place: ("seek", {"from": place, "to": place * 7 % 900}), 1_000)))
    assert answer["omitted"] == {}
