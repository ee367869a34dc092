"""Where the two implementations part ways."""

from typing import Any

from tests.timeline.chance import Log
from tests.timeline.second.walk import answer
from videosession.instants import read
from videosession.timeline import summarise, walk

COMPARED = (
    *("segments", "jumps", "path", "departures", "nodes", "edges", "chapters"),
    *("wall", "anomalies", "completeEvent", "ended"),
)
INSTANTS = ("startedAt", "endedAt", "at")


def first(events: Log) -> dict[str, Any]:
    """Return the answer in the terms of the second walk."""
    given = summarise(walk(events))
    given |= given["graph"]
    given["segments"] = [{key: each[key] for key in each if key != "rate"} for each in given["segments"]]
    given["edges"] = [list(each.values()) for each in given["edges"]]
    given["anomalies"] = {each["code"]: (each["count"], each["eventId"]) for each in given["anomalies"]}
    for name in ("segments", "jumps", "departures"):
        given[name] = [
            {key: read(value) if key in INSTANTS else value for key, value in each.items()} for each in given[name]
        ]
    return {key: given[key] for key in COMPARED}


def same(left: Any, right: Any) -> bool:
    """Tell whether two answers are the same, numbers within 2 ms at any depth."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) or isinstance(right, float):
        return None not in (left, right) and abs(left - right) <= 0.0021
    return bool(left == right)


def differences(events: Log) -> list[str]:
    """Return what the two answers differ in."""
    one, other = first(events), answer(events)
    return [key for key in COMPARED if not same(one[key], other[key])]
