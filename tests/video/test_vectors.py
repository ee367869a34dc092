"""Small films with answers that were computed by brute force, and what others publish of theirs."""

import json
from pathlib import Path

import pytest

from videosession.timeline import walk
from videosession.video import Film, Session, packed, plan_of, small_groups
from videosession.video.comparison import difference

FILMS = json.loads((Path(__file__).parent / "vectors.json").read_text())["films"]
NOW = 10**15
CASES = [
    pytest.param(film, expected, id=f"{film['name']}: {expected['operation']} {expected['query']}")
    for film in FILMS
    for expected in film["expected"]
]


def session(told):
    at = NOW if told["open"] else 0
    return Session(told["id"], at, at, told["metadata"], packed(walk(told["events"])))


def percent(text):
    return round(100 * float(text))


def answer(film, operation, query):
    """Ask a film as the API is asked."""
    if operation == "interval":
        return difference(*query.values())
    filters = {tuple(name.split(".")[1:]): value for name, value in query.items() if name.startswith("metadata.")}
    asked = Film([session(each) for each in film["sessions"]], NOW, plan_of(film.get("plan")), filters)
    threshold = percent(query.get("threshold", "0.95"))
    if operation == "summary":
        return asked.summary(threshold)
    if operation == "heatmap":
        width = round(1000 * float(query["binSeconds"])) if "binSeconds" in query else None
        return asked.heatmap(width, (query["node"],) if "node" in query else None, query.get("per", "session"))
    if operation == "choices":
        return asked.choices()
    if operation == "paths":
        return asked.paths(int(query.get("steps", 8)), int(query.get("limit", 20)))
    steps = tuple(query["by"].split(".")[1:])
    return {"by": query["by"], **asked.compared(steps, (query["a"], query["b"]), threshold)}


def few(film, operation, query, smallest):
    asked = Film([session(each) for each in film["sessions"]], NOW, plan_of(film.get("plan")))
    if asked.is_suppressed(smallest):
        return small_groups.suppressed(smallest)
    return getattr(small_groups, operation)(answer(film, operation, query), smallest)


def part(answer, expected):
    """Return what of an answer is expected: a film of the vectors may name a few fields alone."""
    if isinstance(expected, dict):
        return {name: part(answer[name], value) for name, value in expected.items()}
    if isinstance(expected, list) and len(expected) == len(answer):
        return [part(one, other) for one, other in zip(answer, expected, strict=True)]
    return answer


@pytest.mark.parametrize(("film", "expected"), CASES)
def test_a_video_has_exactly_the_computed_answers(film, expected):
    if "scope" in expected:
        told = few(film, expected["operation"], expected["query"], expected["smallestGroup"])
    else:
        told = answer(film, expected["operation"], expected["query"])
    if film["name"] == "two doors":
        assert told == expected["answer"]
    assert part(told, expected["answer"]) == expected["answer"]
