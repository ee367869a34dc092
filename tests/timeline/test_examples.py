"""The examples of docs/events-and-timelines.md come out as they say."""

import re
from pathlib import Path

import pytest

from tests.timeline.log import told

DOCUMENT = (Path(__file__).parents[2] / "docs" / "events-and-timelines.md").read_text()
EXAMPLES = re.findall(r"^    (\d.*)\n\n((?:\S.*\n)+)", DOCUMENT, flags=re.MULTILINE)


def log_of(line):
    """Return the shorthand of tests/timeline/log.py for events as a reader writes them."""
    events = []
    for each in line.split(" · "):
        seconds, said = re.fullmatch(r"([\d.]+) s (.*)", each).groups()
        said = re.sub(r",? (from|to|duration) ([\d.]+)", r" \1=\2", said)
        events.append(f"{seconds} {said}")
    return "; ".join(events)


@pytest.mark.parametrize(
    ("place", "answer", "sentence"),
    [
        (
            0,
            {"segments": "0-69.7", "jumps": "", "anomalies": "stalePosition:1"},
            "One segment, 0 to 69.7, and no jump.",
        ),
        (
            1,
            {"segments": "0-80 90-120", "jumps": "80>90:unreported:1", "coverage": 0.917},
            "Segments 0 to 80 and 90 to 120, one jump, coverage 0.917.",
        ),
        (
            2,
            {"segments": "0-15 20-45", "jumps": "15>20:user:1", "anomalies": "unreportedJump:1"},
            "Segments 0 to 15 and 20 to 45, one jump, from 15 to 20.",
        ),
    ],
)
def test_an_example_in_the_document_has_the_shown_timeline(place, answer, sentence):
    line, words = EXAMPLES[place]
    given = told(log_of(line))
    assert {field: given[field] for field in answer} == answer
    assert sentence in " ".join(words.split())


def test_all_examples_in_the_document_are_tested():
    assert len(EXAMPLES) == 3
