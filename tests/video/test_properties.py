"""The view of a whole video against the second implementation, and what must hold of any."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.video import brute
from videosession.video import Film, Plan, Session
from videosession.video.bins import Bins
from videosession.video.heatmap import Grid
from videosession.video.lengths import bins_in
from videosession.video.population import population
from videosession.video.results import Result, pack, unpack
from videosession.video.totals import totals_of

pytestmark = pytest.mark.processes  # takes seconds

NOW = 10**15
NODES = st.sampled_from([None, "", "a", "b", "é", "𝄞"])
# Milliseconds that lie on, just beside, and between the starts of bins.
INSTANTS = st.one_of(
    st.integers(0, 40_000),
    st.builds(lambda second, off: max(0, 1000 * second + off), st.integers(0, 40), st.integers(-2, 2)),
)
LENGTHS = st.one_of(st.none(), st.integers(1, 60_000), st.sampled_from([20_000, 20_001, 30_000, 10**12]))
WIDTHS = st.sampled_from([100, 250, 999, 1000, 1001, 5000, 7000, 60_000])


@st.composite
def results(draw):
    path = draw(st.lists(NODES, min_size=1, max_size=6))
    nodes = list(dict.fromkeys(path))
    places = st.integers(0, len(nodes) - 1)
    segment = st.tuples(places, INSTANTS, st.integers(250, 20_000)).map(lambda each: (each[0], each[1], sum(each[1:])))
    departures = st.tuples(st.sampled_from([None, "L", "R"]), st.sampled_from(["choice", "timeout"]))
    return Result(
        nodes,
        [draw(LENGTHS) for _ in nodes],
        [nodes.index(node) for node in path],
        [draw(departures) for _ in path[1:]],
        draw(st.lists(segment, max_size=6)),
        draw(st.lists(st.tuples(places, INSTANTS, INSTANTS), max_size=4)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.lists(st.sampled_from(["stalled", "openEnded"]), unique=True)),
        draw(st.booleans()),
    )


@st.composite
def populations(draw):
    """Sessions, by their own results; the last event of an open one was just now."""
    found = draw(st.lists(st.tuples(results(), st.booleans(), st.sampled_from([None, "ann", "bob"])), max_size=8))
    return [
        Session(f"s{place}", at := NOW if is_recent else 0, at, {"viewerId": viewer}, pack(result))
        for place, (result, is_recent, viewer) in enumerate(found)
    ]


PLANS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.one_of(st.none(), st.integers(1, 60_000)), max_size=3)


def views(sessions):
    """Return the results of views, and which of them are open."""
    found = [(each.result, each.is_open) for each in population(sessions, NOW) if each.result.is_view]
    return [view for view, _ in found], [is_open for _, is_open in found]


@given(results())
def test_unpacking_returns_what_was_packed(result):
    assert unpack(pack(result)) == result


@given(populations(), PLANS, WIDTHS)
def test_a_heatmap_equals_the_second_implementation(sessions, lengths, width):
    found, opens = views(sessions)
    nodes = sorted({node for view in found for node in view.nodes} | lengths.keys(), key=brute.key)
    told = Film(sessions, NOW, Plan(lengths, [])).heatmap(width) if small(found, lengths, width) else {"nodes": []}
    for node, heat in zip(nodes, told["nodes"], strict=False):
        columns, about = brute.heat(found, opens, node, width, lengths)
        assert heat["node"] == node
        for name in columns.keys() - {"watched", "unique"}:
            assert heat[name] == columns[name], name
        assert heat["watchedSeconds"] == [each / 1000 for each in columns["watched"]]
        assert heat["uniqueSeconds"] == [each / 1000 for each in columns["unique"]]
        assert heat["dropRate"] == [
            brute.share(exits - finishes, sessions)
            for exits, finishes, sessions in zip(
                columns["exits"], columns["finishes"], columns["sessions"], strict=True
            )
        ]
        assert (heat["lengthSeconds"], heat["lengthKnown"], heat["otherLengths"], heat["seenBy"]) == (
            about["length"] / 1000, about["known"], about["others"], about["seenBy"],
        )  # fmt: skip
        assert heat["beyondSeconds"] == about["beyond"] / 1000


def small(found, plan, width):
    """A length of 10^12 ms makes too many bins, which is refused."""
    nodes = {node for view in found for node in view.nodes} | plan.keys()
    return all(brute.length(found, node, plan)[0] <= 2000 * width for node in nodes)


@given(populations())
def test_choices_equal_the_second_implementation(sessions):
    found, _ = views(sessions)
    for node in Film(sessions, NOW).choices()["nodes"]:
        edges = {
            (edge["to"], edge["option"], edge["cause"]): (edge["taken"], edge["sessions"], edge["first"])
            for edge in node["edges"]
        }
        assert edges == brute.edges(found, node["node"])
        taken = sum(edge["taken"] for edge in node["edges"])
        assert node["visits"] == taken + node["ends"]
        assert node["left"] == sum(edge["first"] for edge in node["edges"])
        paths = [[view.nodes[place] for place in view.path] for view in found]
        assert node["visits"] == sum(path.count(node["node"]) for path in paths)
        assert node["starts"] == sum(path[0] == node["node"] for path in paths)


@given(populations(), st.integers(0, 100))
def test_a_summary_equals_the_second_implementation(sessions, threshold):
    found, opens = views(sessions)
    told = Film(sessions, NOW).summary(threshold)
    known = [each for each in map(brute.coverage, found) if each is not None]
    assert told["coverage"]["mean"] == brute.share(sum(int(10**6 * each) for each in known), 10**6 * len(known))
    assert told["coverage"]["percentHistogram"] == [sum(int(100 * each) == p for each in known) for p in range(101)]
    assert told["completed"] == sum(int(100 * each) >= threshold for each in known)
    assert told["viewers"] == len({each.session.viewer for each in population(sessions, NOW) if each.result.is_view})
    closed = [view for view, is_open in zip(found, opens, strict=True) if not is_open]
    endings = Counter(view.nodes[view.path[-1]] for view in closed)
    assert {each["node"]: each["sessions"] for each in told["endings"]} == endings
    assert sum(each["sessions"] for each in told["endings"]) == told["views"] - told["open"]


@given(populations(), WIDTHS)
def test_the_curves_add_up_to_the_averages(sessions, width):
    totals = totals_of(population(sessions, NOW))
    lengths = dict.fromkeys(totals.nodes, 80000)  # beyond what any segment reaches
    grid = Grid(lengths, width).fill(population(sessions, NOW))
    columns = {node: grid.bins[node].read(bins_in(80_000, width)) for node in lengths}
    assert sum(sum(each.watched) for each in columns.values()) == totals.watched
    assert sum(sum(each.unique) for each in columns.values()) == totals.unique
    assert sum(sum(each.exits) for each in columns.values()) == totals.views - totals.open
    assert all(whole <= width * totals.views for each in columns.values() for whole in each.unique)


@given(populations(), st.integers(0, 8), st.randoms())
def test_sums_do_not_depend_on_how_sessions_are_split_and_ordered(sessions, cut, random):
    whole = totals_of(population(sessions, NOW))
    mixed = random.sample(sessions, len(sessions))
    parts = totals_of(population(mixed[:cut], NOW))
    parts.add(totals_of(population(mixed[cut:], NOW)))
    assert parts == whole
    assert Film(mixed, NOW).heatmap(60_000) == Film(sessions, NOW).heatmap(60_000) if lengths_fit(sessions) else True


def lengths_fit(sessions):
    found, _ = views(sessions)
    return small(found, {}, 60_000)


@given(populations(), st.integers(1, 60), WIDTHS, st.integers(0, 8))
def test_sums_of_bins_do_not_depend_on_a_length(sessions, count, width, cut):
    def filled(some, most):
        node = Bins(width, most)
        grid = Grid({"a": most * width}, width)
        grid.bins["a"] = node
        grid.fill(population(some, NOW))
        return node

    added = filled(sessions[:cut], 1000)
    added.merge(filled(sessions[cut:], 1000))
    assert added.read(count) == filled(sessions, count).read(count)


@given(populations(), st.integers(1, 20))
def test_flows_contain_every_view_at_every_step(sessions, steps):
    told = Film(sessions, NOW).paths(steps)
    for step in range(steps):
        here = [flow for flow in told["flows"] if flow["step"] == step]
        into = told["views"] if step == 0 else sum(
            flow["sessions"] for flow in told["flows"] if flow["step"] == step - 1 and not flow["ends"]
        )  # fmt: skip
        assert sum(flow["sessions"] for flow in here) == into
    assert sum(Fraction(each["sessions"]) for each in Film(sessions, NOW).paths(1, 100)["paths"]) <= told["views"]


@given(populations())
def test_with_one_session_each_viewers_equal_sessions(sessions):
    alone = [each._replace(metadata=None) for each in sessions]
    if lengths_fit(sessions):
        per_session, per_viewer = (Film(alone, NOW).heatmap(60_000, per=per) for per in ("session", "viewer"))
        for one, other in zip(per_session["nodes"], per_viewer["nodes"], strict=True):
            assert one["sessions"] == other["viewers"]
            assert all(one[name] == other[name] for name in ("uniqueSeconds", "retention", "watchRatio", "views"))
