"""What a viewing amounts to: lengths, bins, bounds."""

import tracemalloc

import pytest

from tests.timeline.log import log, told
from videosession.timeline import BinsTooNarrow, timeline, walk


def test_a_session_without_known_events_has_an_empty_timeline():
    answer = timeline(log("0 hello; 1 world"))
    assert answer == {
        "segments": [],
        "jumps": [],
        "path": [],
        "departures": [],
        "graph": {"nodes": [], "edges": []},
        "chapters": [],
        "heatmap": [],
        "omitted": {},
        "watchedSeconds": 0,
        "uniqueSeconds": 0,
        "rewatchedSeconds": 0,
        "coverage": None,
        "completed": False,
        "completeEvent": False,
        "ended": False,
        "wall": {},
        "anomalies": [],
        "events": 2,
        "understood": 0,
    }


def test_a_timeline_has_every_field():
    text = """0 sessionStart node=a duration=20; 0 play 0; 5 chapterStart index=1 title="one"; 10 seek from=10 to=5;
        14 choiceOffer; 14.5 hello;
        15 chapterComplete; 15 choice 10 toNode=b option=left duration=30; 25.1234567 pause 10; 26 pause position=-1"""
    assert timeline(log(text), bin_seconds=10) == {
        "segments": [
            {
                "node": "a",
                "from": 0.0,
                "to": 10.0,
                "startedAt": "2026-01-01T00:00:00.000Z",
                "endedAt": "2026-01-01T00:00:10.000Z",
                "rate": 1.0,
            },
            {
                "node": "a",
                "from": 5.0,
                "to": 10.0,
                "startedAt": "2026-01-01T00:00:10.000Z",
                "endedAt": "2026-01-01T00:00:15.000Z",
                "rate": 1.0,
            },
            {
                "node": "b",
                "from": 0.0,
                "to": 10.0,
                "startedAt": "2026-01-01T00:00:15.000Z",
                "endedAt": "2026-01-01T00:00:25.123Z",
                "rate": 1.0,
            },
        ],
        "jumps": [
            {"node": "a", "from": 10.0, "to": 5.0, "cause": "user", "steps": 1, "at": "2026-01-01T00:00:10.000Z"}
        ],
        "path": ["a", "b"],
        "departures": [
            {
                "from": "a",
                "to": "b",
                "option": "left",
                "cause": "choice",
                "at": "2026-01-01T00:00:15.000Z",
                "position": 10.0,
                "decisionSeconds": 1.0,
            }
        ],
        "graph": {
            "nodes": [
                {"id": "a", "visits": 1, "lengthSeconds": 20.0, "watchedSeconds": 15.0, "uniqueSeconds": 10.0},
                {"id": "b", "visits": 1, "lengthSeconds": 30.0, "watchedSeconds": 10.0, "uniqueSeconds": 10.0},
            ],
            "edges": [{"from": "a", "to": "b", "option": "left", "cause": "choice", "count": 1}],
        },
        "chapters": [{"node": "a", "index": 1, "title": "one", "playedSeconds": 10.0, "completed": True}],
        "heatmap": [
            {"node": "a", "from": 0.0, "binSeconds": 10, "views": [2, 0]},
            {"node": "b", "from": 0.0, "binSeconds": 10, "views": [1, 0, 0]},
        ],
        "omitted": {},
        "watchedSeconds": 25.0,
        "uniqueSeconds": 20.0,
        "rewatchedSeconds": 5.0,
        "coverage": 0.4,
        "completed": False,
        "completeEvent": False,
        "ended": False,
        "wall": {"playing": 25.123, "paused": 0.877},
        "anomalies": [{"code": "invalidField", "count": 1, "eventId": "e9"}],
        "events": 10,
        "understood": 9,
    }


def test_the_end_of_a_segment_is_when_its_last_new_position_was_reached():
    segments = timeline(log("0 play 21.909; 0.95 pause; 1.25 ping 22.859; 2 pause 22.859"))["segments"]
    assert [each["endedAt"] for each in segments] == ["2026-01-01T00:00:00.950Z"]


@pytest.mark.parametrize(
    ("threshold", "completed"), [(0, True), (0.5, True), (0.9499, True), (0.95, False), (1, False)]
)
def test_completed_compares_the_coverage_before_rounding(threshold, completed):
    answer = told("0 play 0 duration=100; 94.996 pause 94.996", threshold=threshold)
    assert (answer["coverage"], answer["completed"]) == (0.95, completed)


def test_completed_does_not_depend_on_the_number_of_segments():
    seeks = "22.34 seek from=22.34 to=22.75; 50.24 seek from=50.65 to=53.24"
    answer = told(f"0 play 0 duration=60; {seeks}; 57 pause 60")
    assert (answer["segments"], answer["coverage"]) == ("0-22.34 22.75-50.65 53.24-60", 0.95)
    assert answer["completed"]


@pytest.mark.parametrize(
    ("text", "coverage"),
    [
        ("0 play 0; 10 pause 10", None),
        ("0 play 0 duration=20; 10 pause 10", 0.5),
        ("0 play 0 duration=20; 10 choice toNode=b; 20 pause 10", None),
        ("0 play 0 duration=20; 10 choice toNode=b duration=80; 20 pause 10", 0.2),
        ("0 play 0 duration=5; 10 pause 10", 1.0),
        ("0 hello duration=5", None),
    ],
)
def test_coverage_is_unknown_while_any_length_is_unknown(text, coverage):
    assert told(text)["coverage"] == coverage


HEAT = {
    "half-open bins": ("0 play 0 duration=20; 10 pause 10", {"bin_seconds": 5}, [(5, [1, 1, 0, 0])]),
    "each segment once": (
        "0 play 2 duration=20; 2 seek from=4 to=3; 4 pause 5",
        {"bin_seconds": 5},
        [(5, [2, 0, 0, 0])],
    ),
    "the last bin may be shorter": ("0 play 0 duration=11; 11 pause 11", {"bin_seconds": 5}, [(5, [1, 1, 1])]),
    "a second at least": ("0 play 0 duration=3; 2 pause 2", {}, [(1, [1, 1, 0])]),
    "a hundredth of the length": ("0 pause 0 duration=1000", {}, [(10, [0] * 100)]),
    "the furthest watched without a length": ("0 play 0; 3 pause 3", {}, [(1, [1, 1, 1])]),
    "at least one bin": ("0 pause 7", {}, [(1, [0])]),
    "tenths": ("0 play 0 duration=1.1; 1 pause 1.1", {"bin_seconds": 0.1}, [(0.1, [1] * 11)]),
}


@pytest.mark.parametrize(("text", "query", "heat"), HEAT.values(), ids=HEAT)
def test_the_heatmap_counts_segments(text, query, heat):
    assert [(each["binSeconds"], each["views"]) for each in told(text, **query)["heatmap"]] == heat


@pytest.mark.parametrize(
    ("text", "width", "smallest"),
    [
        ("0 pause 0 duration=200.1", 0.1, 0.101),
        ("0 pause 0 duration=20000000", 3600, 10000),
        ("; ".join(f"{place} choice toNode=n{place} duration=1000" for place in range(21)), 1, 1.051),
    ],
    ids=["on a node", "wider than anybody may ask for", "in all"],
)
def test_too_many_bins_are_rejected_with_the_smallest_width_that_fits(text, width, smallest):
    with pytest.raises(BinsTooNarrow, match=str(smallest)) as narrow:
        told(text, bin_seconds=width)
    assert narrow.value.smallest == smallest
    assert told(text, bin_seconds=smallest)["heatmap"]


@pytest.mark.processes
def test_every_node_has_a_bin_even_if_there_are_more_nodes_than_bins():
    events = [{"type": "choice", "timestamp": "", "instant": 0, "data": {"toNode": str(i)}} for i in range(25_000)]
    answer = timeline(events, bin_seconds=10)
    assert len(answer["heatmap"]) + answer["omitted"]["heatmap"] == 25_001


@pytest.mark.processes
def test_memory_does_not_grow_with_the_number_of_events():
    def events(count):
        for second in range(count):
            moved = {"type": ("ping", "pause", "play")[second % 3], "data": {"position": second}}
            yield moved | {"eventId": "e", "timestamp": "", "instant": second * 1_000_000}

    def peak(count):
        tracemalloc.start()
        viewing = walk(events(count))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(viewing.segments) == 1
        return most

    assert peak(40_000) < 1.2 * peak(20_000)
