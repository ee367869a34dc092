"""Logs made by chance: any JSON at all in any field, at any time."""

from hypothesis import strategies as st

from videosession.timeline.vocabulary import FIELDS, TYPES

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
POSITIONS = st.one_of(st.floats(0, 100), st.integers(0, 100), st.sampled_from([0, -0.0, 1e10, 5e-324, 1e300, -1, True]))
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
VALUES = st.one_of(POSITIONS, st.sampled_from(["a", "b", "c", None, 0.5, 1, 2]), JSON)
DATA = st.dictionaries(st.sampled_from(sorted(FIELDS)), VALUES, max_size=6)
KNOWN = sorted(set(TYPES.values()))
NAMES = st.one_of(st.sampled_from(KNOWN), st.sampled_from(sorted(TYPES)), st.sampled_from(["hello", "adStart"]))
GAPS = st.one_of(st.sampled_from([0, 100_000, 1_000_000]), st.integers(0, 30_000_000), st.integers(0, 10**15))
EVENTS = st.lists(st.tuples(GAPS, NAMES, DATA), max_size=40)
START = 1_767_225_600_000_000


@st.composite
def logs(draw):
    """Draw a log in its order."""
    instant = START
    log = []
    for place, (gap, name, data) in enumerate(draw(EVENTS)):
        instant += gap
        log.append({"eventId": f"e{place}", "type": name, "timestamp": "", "instant": instant, "data": data})
    return log
