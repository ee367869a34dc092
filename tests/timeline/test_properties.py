"""What holds for any events at all."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.strategies import logs
from videosession.timeline import BinsTooNarrow, summarise, timeline, walk
from videosession.timeline.vocabulary import TYPES


@given(logs())
def test_the_answer_is_strict_json_and_the_same_when_read_twice(log):
    answer = timeline(log)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert timeline(iter(log)) == answer


@given(logs())
def test_segments_lie_inside_the_length_of_their_node(log):
    viewing = walk(log)
    for segment in viewing.segments:
        assert 0 <= segment.start < segment.end
        assert segment.end <= (segment.node.length or segment.end)
        assert segment.started_at <= segment.ended_at


@given(logs())
def test_unique_seconds_never_exceed_watched_seconds_and_coverage_never_exceeds_one(log):
    answer = timeline(log)
    assert 0 <= answer["uniqueSeconds"] <= answer["watchedSeconds"]
    assert answer["rewatchedSeconds"] >= 0
    assert answer["coverage"] is None or 0 <= answer["coverage"] <= 1
    for node in answer["graph"]["nodes"]:
        assert 0 <= node["uniqueSeconds"] <= node["watchedSeconds"]


@given(logs())
def test_the_times_in_all_modes_add_up_to_the_time_from_first_to_last_known_event(log):
    viewing = walk(log)
    assert all(time >= 0 for time in viewing.wall.values())
    known = [event["instant"] for event in log if event["type"] in TYPES]
    assert sum(viewing.wall.values()) == (known[-1] - known[0] if known else 0)
    assert all(0 <= chapter.played <= viewing.wall.get("playing", 0) for chapter in viewing.chapters.values())


@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter_if_timestamps_differ(log, random):
    log = [event | {"instant": event["instant"] + place} for place, event in enumerate(log)]
    arrived = random.sample(log, len(log))
    assert timeline(sorted(arrived, key=lambda event: event["instant"])) == timeline(log)


@given(logs(), st.integers(0, 40))
def test_an_event_of_an_unknown_type_changes_only_the_count(log, place):
    log = [event for event in log if event["type"] in TYPES]
    noise = {"eventId": "x", "type": "hello", "timestamp": "", "instant": 0, "data": {"position": 5, "rate": 2}}
    assert timeline([*log[:place], noise, *log[place:]]) == timeline(log) | {"events": len(log) + 1}


@given(logs(), st.floats(0.1, 3600))
def test_bins_that_are_too_narrow_are_rejected_with_the_smallest_width_that_fits(log, width):
    viewing = walk(log)
    try:
        heat = summarise(viewing, bin_seconds=width)["heatmap"]
    except BinsTooNarrow as narrow:
        heat = summarise(viewing, bin_seconds=narrow.smallest)["heatmap"]
    assert all(1 <= len(each["views"]) <= 2_000 for each in heat)
    assert sum(len(each["views"]) for each in heat) <= 20_000
    assert all(views >= 0 for each in heat for views in each["views"])


@given(logs())
def test_jumps_and_segments_are_on_visited_nodes_and_the_graph_matches_the_path(log):
    answer = timeline(log)
    nodes = {node["id"]: node["visits"] for node in answer["graph"]["nodes"]}
    assert {node: answer["path"].count(node) for node in nodes} == nodes
    assert {each["node"] for each in answer["segments"] + answer["jumps"]} <= nodes.keys()
    assert sum(edge["count"] for edge in answer["graph"]["edges"]) == max(0, len(answer["path"]) - 1)
