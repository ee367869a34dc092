"""JSON that the fast check takes for plain has no fault that the full check would find."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videosession.contract import exact_json
from videosession.contract.exact_json import (
    DEEPEST,
    LARGEST_INTEGER,
    SMALLEST_INTEGER,
    faults,
    has_more_values,
    is_plain,
)

NUMBERS = st.one_of(
    st.integers(SMALLEST_INTEGER - 2, SMALLEST_INTEGER + 2),
    st.integers(LARGEST_INTEGER - 2, LARGEST_INTEGER + 2),
    st.integers(2**64 - 2, 2**64 + 2),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from([float("inf"), float("-inf")]),
)
TEXTS = st.text(st.characters(), max_size=4) | st.sampled_from(["\0", "\ud800", "a\0b", "null", "\\u0000", "{[" * 40])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def nested(levels: int, container: type) -> dict:
    """Return an object with so many levels."""
    value: dict | list = {}
    for _ in range(levels - 2):
        value = [value] if container is list else {"a": value}
    return {"a": value}


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_json_taken_for_plain_by_the_fast_check_has_no_faults(value):
    assert not (is_plain(value) and list(faults(value)))


@pytest.mark.parametrize("container", [list, dict])
def test_json_nested_too_deep_is_not_taken_for_plain(container):
    assert is_plain(nested(DEEPEST, container))
    assert not is_plain(nested(DEEPEST + 1, container))


@pytest.mark.parametrize("value", [{}, {"position": 12.5, "rate": 1, "node": "a"}, {"a": [True, {"ü": "\n"}]}])
def test_what_players_usually_send_is_taken_for_plain(value):
    assert is_plain(value)


@pytest.mark.parametrize("value", [2**63, 2**64, -(2**63) - 1, float("inf"), "\ud800", {"\0": 1}, {"\ud800": 1}])
def test_json_that_cannot_be_stored_is_not_taken_for_plain(value):
    assert list(faults({"a": value}))
    assert not is_plain({"a": value})


def values_in(value) -> int:
    """Count values as the limit does: each follows a separator or an opening bracket."""
    if isinstance(value, dict):
        return max(len(value), 1) + sum(map(values_in, value.values()))
    if isinstance(value, list):
        return max(len(value), 1) + sum(map(values_in, value))
    return 0


SEPARATORS = st.lists(
    st.recursive(st.text('",[{\\a', max_size=40), lambda inner: st.lists(inner, max_size=9), max_leaves=40)
)


@pytest.mark.parametrize("part_bytes", [1, 7, 64 * 1024])
@given(value=SEPARATORS)
def test_values_are_counted_correctly_whatever_the_strings_contain(part_bytes, value):
    text, count = json.dumps(value).encode(), values_in(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_json, "_PART_BYTES", part_bytes)
        assert (has_more_values(text, count - 1), has_more_values(text, count)) == (True, False)
