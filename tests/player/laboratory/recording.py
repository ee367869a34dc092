"""Compare what a recorder saw of media elements with a timeline."""

from collections.abc import Set
from typing import NamedTuple

TOLERANCE = 0.3  # seconds
WATCHED = 0.25  # less is neither watched nor a jump
SLACK = 0.2  # by which an element's clock may run ahead of the page's between two samples
CORRECTION = 0.5  # by which WebKitGTK takes back a position without a seek, after it began to play
LAG = 2  # by which it may be behind: on a busy page it is read late, and catches up at once


class Stretch(NamedTuple):
    node: str | None
    start: float
    end: float


def stretches(samples: list[dict]) -> list[Stretch]:
    """Return what was played without a break; a pause is no break where playback goes on from the same position."""
    found: list[Stretch] = []
    last: dict[str, dict] = {}
    lags: dict[str, float] = {}
    open_element = None
    for sample in samples:
        before = last.get(sample["element"])
        last[sample["element"]] = sample
        if sample["isAd"] or before is None or before["isAd"] or before["node"] != sample["node"]:
            continue
        gained = sample["position"] - before["position"]
        lag = 0 if sample["isSet"] or sample["isPaused"] else lags.get(sample["element"], 0)
        most = _reach(before, sample) + lag
        lags[sample["element"]] = min(LAG, max(0, most - gained)) if 0 <= gained <= most else 0
        if open_element == sample["element"] and _is_corrected(before, sample):
            found[-1] = found[-1]._replace(end=sample["position"])
        if sample["isSet"] or not 0 < gained <= most + SLACK:
            continue
        part = Stretch(sample["node"], before["position"], sample["position"])
        is_on = open_element == sample["element"] and found[-1].node == part.node
        if is_on and abs(found[-1].end - part.start) < 0.001:
            found[-1] = found[-1]._replace(end=part.end)
        else:
            found.append(part)
        open_element = sample["element"]
    return joined(found)


def _reach(before: dict, sample: dict) -> float:
    seconds = (sample["at"] - before["at"]) / 1000
    return 0 if before["isPaused"] and sample["isPaused"] else seconds * max(before["rate"], sample["rate"])


def _is_corrected(before: dict, sample: dict) -> bool:
    """Return whether the browser took back a position that it had given while it played."""
    is_moved = sample["isSet"] or sample["isSeeking"] or before["isSeeking"] or sample["isPaused"]
    return not is_moved and -CORRECTION < sample["position"] - before["position"] < 0


def joined(parts: list[Stretch]) -> list[Stretch]:
    """Join stretches that go on where the one before ended, and leave out what was hardly watched."""
    found: list[Stretch] = []
    for part in parts:
        if part.end - part.start < WATCHED:
            continue
        if found and found[-1].node == part.node and abs(part.start - found[-1].end) < TOLERANCE:
            found[-1] = found[-1]._replace(end=part.end)
        else:
            found.append(part)
    return found


def differences(samples: list[dict], timeline: dict, allowed: Set[str] = frozenset()) -> list[str]:
    """Name what a timeline shows wrongly."""
    was = stretches(samples)
    told = joined([Stretch(each["node"], each["from"], each["to"]) for each in timeline["segments"]])
    found = []
    if len(was) != len(told) or not all(map(_alike, was, told)):
        found.append(f"seen {_words(was)}, told {_words(told)}")
    found += [f"a jump that was none: {jump['from']} to {jump['to']}" for jump in _invented(was, timeline["jumps"])]
    found += [f"anomaly {each['code']}" for each in timeline["anomalies"] if each["code"] not in allowed]
    return found


def _invented(was: list[Stretch], jumps: list[dict]) -> list[dict]:
    """Return the jumps that lead neither from where a stretch ended nor to where one began."""
    return [
        jump
        for jump in jumps
        if abs(jump["to"] - jump["from"]) > TOLERANCE
        and not any(abs(part.end - jump["from"]) <= TOLERANCE for part in was if part.node == jump["node"])
        and not any(abs(part.start - jump["to"]) <= TOLERANCE for part in was if part.node == jump["node"])
    ]


def _alike(was: Stretch, told: Stretch) -> bool:
    return was.node == told.node and abs(was.start - told.start) <= TOLERANCE and abs(was.end - told.end) <= TOLERANCE


def _words(parts: list[Stretch]) -> str:
    return ", ".join(f"{part.node or ''} {part.start:.2f}–{part.end:.2f}".strip() for part in parts) or "nothing"
