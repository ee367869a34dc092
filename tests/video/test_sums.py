"""Sums that are kept add up to what all sessions at once amount to."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tests.video.test_properties import NOW, PLANS, lengths_fit, populations
from videosession.video import Film, Plan, Session, sums
from videosession.video.lengths import LADDER, BinsTooNarrowError
from videosession.video.population import population
from videosession.video.results import Result, pack
from videosession.video.sums import SummedFilm, packed_sums


def hashed(viewer):
    return hashlib.sha256(viewer.encode()).hexdigest()[:16]


def asked(film, operation, *arguments):
    try:
        return getattr(film, operation)(*arguments)
    except BinsTooNarrowError as error:
        return error.smallest


@given(populations(), PLANS, st.sampled_from(LADDER), st.integers(0, 8), st.integers(0, 8))
def test_sums_of_days_and_a_partial_day_equal_those_of_all_sessions(sessions, lengths, width, one, two):
    plan = Plan(lengths, [])
    first, second = sorted((one, two))
    days = [sessions[:first], sessions[first:second]]
    kept = [packed_sums(lambda day=day: population(day, NOW), hashed) for day in days]
    summed = SummedFilm(kept, population(sessions[second:], NOW), hashed, plan)
    whole = Film(sessions, NOW, plan)
    for operation, arguments in (("summary", ()), ("choices", ()), ("paths", ()), ("heatmap", (1000 * width,))):
        assert asked(summed, operation, *arguments) == asked(whole, operation, *arguments), operation
    if lengths_fit(sessions):
        assert summed.heatmap() == whole.heatmap()
    assert summed.is_suppressed(2) == whole.is_suppressed(2)


@given(populations(), st.randoms())
def test_sums_are_the_same_bytes_whatever_the_order_of_the_sessions(sessions, random):
    mixed = random.sample(sessions, len(sessions))
    assert packed_sums(lambda: population(mixed, NOW), hashed) == packed_sums(lambda: population(sessions, NOW), hashed)


def test_bins_that_were_left_out_are_reported(monkeypatch):
    monkeypatch.setattr(sums, "MOST_BINS", 25)
    reach = 60_000
    views = [
        Result([node], [20_000], [0], [], [(0, 0, reach)], [], True, False, [], False) for node in ("a", "a", "b", "c")
    ]
    sessions = [Session(str(place), 0, 0, None, pack(view)) for place, view in enumerate(views)]

    def heatmap(lengths):
        kept = packed_sums(lambda: population(sessions, NOW), hashed, [1], lengths)
        return SummedFilm([kept], [], hashed).heatmap(1000)

    told = heatmap({})
    assert told["binsOmitted"] == 2  # the busiest has its bins, as far as it goes
    assert [sum(node["views"]) for node in told["nodes"]] == [40, 0, 0]
    assert [sum(node["views"]) for node in heatmap({"c": 20_000})["nodes"]] == [0, 0, 20]
    monkeypatch.undo()
    assert heatmap({}) == Film(sessions, NOW).heatmap(1000)
