"""Published tests, published sequences, players' sequences, a browser's recordings, and senseless logs."""

import json
from pathlib import Path

import pytest

from videosession.timeline import timeline
from videosession.timeline.vocabulary import microseconds

CASES = json.loads((Path(__file__).parent / "cases.json").read_text())


def seen(answer):
    """Return the answer without instants, and its anomalies as a set of codes."""
    return answer | {
        "segments": [{key: each[key] for key in ("node", "from", "to")} for each in answer["segments"]],
        "jumps": [{key: each[key] for key in ("node", "from", "to", "cause", "steps")} for each in answer["jumps"]],
        "anomalies": sorted({each["code"] for each in answer["anomalies"]}),
    }


def same(expected, given):
    """Numbers within 2 ms at any depth, and of objects the fields that are expected."""
    if isinstance(expected, list):
        return len(expected) == len(given) and all(map(same, expected, given))
    if isinstance(expected, dict):
        return all(same(each, given[key]) for key, each in expected.items())
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return given == pytest.approx(expected, abs=0.002)
    return expected == given


@pytest.mark.parametrize("case", CASES, ids=[f"{place} {case['name']}" for place, case in enumerate(CASES)])
def test_a_published_case_has_the_expected_timeline(case):
    events = sorted(case["events"], key=lambda event: microseconds(event["timestamp"]))
    answer = seen(timeline(events, bin_seconds=case["query"].get("binSeconds")))
    wrong = {key: answer[key] for key, expected in case["expected"].items() if not same(expected, answer[key])}
    assert wrong == {}
