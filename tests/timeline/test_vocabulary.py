"""What events and fields are called, and what of a value counts."""

import json

import pytest

from tests.timeline.log import log, told
from videosession.timeline import timeline
from videosession.timeline.vocabulary import ALSO_CALLED, FIELD_ALSO_CALLED, READS, known_fields, microseconds

CASES = [(known, name) for known, names in ALSO_CALLED.items() for name in names]


@pytest.mark.parametrize(("known", "name"), CASES)
def test_an_alias_of_a_type_means_the_same_as_the_type(known, name):
    before = "0 sessionStart duration=60; 0 play 0; 10 ping 10; 10 chapterStart index=1; 10 seekStart; 11 seekEnd 20; "
    line = "12 {} 20.8 to=30 toNode=b index=1 rate=2; 13 ping 31; 14 {} 40 to=40 toNode=c index=2"
    assert told(before + line.format(*2 * [name.replace(" ", "~")])) == told(before + line.format(known, known))


@pytest.mark.parametrize(
    ("known", "name"), [(known, name) for known, names in FIELD_ALSO_CALLED.items() for name in names]
)
def test_an_alias_of_a_field_means_the_same_as_the_field(known, name):
    assert known_fields({name: 7, "else": 1}) == {known: 7}


@pytest.mark.parametrize(
    ("data", "position"),
    [
        ({"position": 3, "playhead": 4, "currentTime": 5}, 3),
        ({"time": 6, "currentTime": 5, "playhead": 4}, 4),
        ({"position": None, "playhead": None, "time": 6}, 6),
        ({"position": "3", "playhead": 4}, "3"),
    ],
    ids=["the known name first", "then in the order of the table", "null is absent", "a wrong value is one"],
)
def test_of_several_names_the_first_that_is_not_null_counts(data, position):
    assert known_fields(data)["position"] == position


@pytest.mark.parametrize("name", ["hello", "Play", "PLAY", "", "loadedmetadata", "adStart", "position"])
def test_an_event_of_an_unknown_type_does_not_even_advance_the_clock(name):
    log = [
        {"type": "play", "timestamp": "2026-01-01T00:00:00Z", "data": {"position": 0}},
        {"type": "pause", "timestamp": "2026-01-01T00:00:10Z", "data": {"position": 10}},
    ]
    noise = {"type": name, "timestamp": "2026-01-01T00:00:20Z", "data": {"position": 50, "rate": 2, "node": "x"}}
    assert timeline([*log, noise]) == timeline(log) | {"events": 3}
    assert timeline([noise, *log]) == timeline(log) | {"events": 3}


@pytest.mark.parametrize(
    "value",
    [
        "true",
        "false",
        '"-5"',
        '"5s"',
        '"1e3"',
        '" 5"',
        '"123456789012"',
        "-1",
        "-0.001",
        "1e10001",
        "1.1e10",
        "[1]",
        '{"a":1}',
        '""',
    ],
)
def test_an_invalid_position_is_ignored_and_reported(value):
    if value == "1e10001":
        value = "1e301"
    answer = told(f"0 play 0; 10 ping position={value}; 20 pause 20")
    assert (answer["segments"], answer["anomalies"]) == ("0-20", "invalidField:1")


@pytest.mark.parametrize("value", ["0", "0.0", "1e10", "10000000000", "0.5"])
def test_positions_are_valid_from_0_to_10_to_the_10(value):
    answer = timeline([{"type": "seek", "timestamp": "2026-01-01T00:00:00Z", "data": {"to": json.loads(value)}}])
    assert answer["anomalies"] == []


@pytest.mark.parametrize("value", ["0", "-2", "true", '"0"', '"-2"', "1e11", "[]"])
@pytest.mark.parametrize("field", ["rate", "duration"])
def test_rates_and_durations_must_be_greater_than_0(field, value):
    answer = told(f"0 play 0 {field}={value}; 10 pause 10")
    assert (answer["segments"], answer["coverage"], answer["anomalies"]) == ("0-10", None, "invalidField:1")


@pytest.mark.parametrize("text", ["20", "20.0", "20.00000000000000000000"])
def test_numbers_may_be_sent_as_text(text):
    answer = timeline(log(f'0 play 0 duration="40.0"; 10 pause "{text}" rate="2.0"'))
    assert ([each["to"] for each in answer["segments"]], answer["coverage"]) == ([20.0], 0.5)


@pytest.mark.parametrize("field", ["cause", "option", "fromNode", "toNode"])
def test_names_longer_than_200_characters_are_invalid(field):
    assert told(f"0 play 0; 1 choice toNode=b {field}={'x' * 200}; 2 pause 1")["anomalies"] == ""
    assert told(f"0 play 0; 1 choice toNode=b {field}={'x' * 201}; 2 pause 1")["anomalies"] == "invalidField:1"


@pytest.mark.parametrize("value", ["5", "true", "[]", "{}"])
def test_a_node_must_be_a_string(value):
    answer = told(f"0 play 0 node={value}; 1 choice toNode={value}; 2 nodeEnter node={value}; 3 pause 3")
    assert (answer["path"], answer["segments"], answer["anomalies"]) == ("None", "0-3", "invalidField:3")


def test_invalid_fields_are_reported_once_per_event():
    assert told("0 play position=-1 rate=0 duration=no; 1 pause true")["anomalies"] == "invalidField:2"


@pytest.mark.parametrize(
    "text",
    [
        "0 sessionStart -1 duration=60; 1 play 0",
        "0 play 0 from=-1 to=-1 toNode=5 index=no; 1 pause 1 node=5",
        "0 seek to=1 cause=5; 1 chapterStart index=no title=5",
        "0 choice toNode=a option=5 cause=true",
        "0 chapterStart duration=-1; 0 adBreakStart duration=-1; 1 pause duration=-1; 2 adBreakComplete duration=-1",
        "0 nodeEnter node=a position=-1",
    ],
)
def test_an_invalid_field_that_is_not_read_is_not_reported(text):
    assert "invalidField" not in told(text)["anomalies"]


@pytest.mark.parametrize(
    "text",
    [
        "0 adBreakStart; 1 ping -1",
        "0 adBreakStart; 1 seek",
        "0 adBreakStart; 1 rateChange",
        "0 seekStart; 1 ping -1",
        "0 bufferEnd -1",
        "0 rateChange 0",
        "0 seek from=1",
        "0 choice",
        "0 nodeEnter fromNode=a",
    ],
)
def test_invalid_fields_are_reported_in_every_mode(text):
    assert told(text)["anomalies"] == "invalidField:1"


def test_every_known_type_lists_the_fields_that_it_reads():
    assert READS.keys() == ALSO_CALLED.keys()


@pytest.mark.parametrize(
    ("timestamp", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01.5z", 1_500_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("0001-01-01T00:00:00Z", -62135596800000000),
        ("0001-01-01T00:30:00+00:30", -62135596800000000),
        ("9999-12-31T23:59:59.1234567-00:00", 253402300799123456),
    ],
)
def test_a_timestamp_is_read_as_microseconds(timestamp, instant):
    assert microseconds(timestamp) == instant


def test_an_instant_that_is_given_is_not_parsed_again():
    answer = timeline([{"type": "play", "timestamp": "not read", "instant": 1_500_000, "data": {}}])
    assert answer["events"] == 1
