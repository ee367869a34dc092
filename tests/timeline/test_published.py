"""What is published of events, modes and answers is what the code knows: nothing more, nothing less."""

import json
import re
from pathlib import Path

import pytest

from videosession.sessions import timeline_schemas
from videosession.sessions.timeline_schemas import BRANCH_CAUSES, JUMP_CAUSES
from videosession.timeline import player, timeline
from videosession.timeline.stretches import MODES
from videosession.timeline.summary import LISTS
from videosession.timeline.viewing import ANOMALIES
from videosession.timeline.vocabulary import ALSO_CALLED, EXAMPLES, FIELD_ALSO_CALLED, FIELDS, READS, TYPES
from videosession.timeline.walk import STEPS, Walk

DOCUMENT = (Path(__file__).parents[2] / "docs" / "events-and-timelines.md").read_text()
TABLE = player.__doc__.split("\n\n", 2)[2].strip()
SHAPES = [
    each for each in vars(timeline_schemas).values() if isinstance(each, type) and hasattr(each, "_declared_fields")
]
OURS = [each for each in SHAPES if each.__module__ == timeline_schemas.__name__]


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def under(heading):
    """Return the table rows of a section by their first cell."""
    section = re.split(r"^##+ ", DOCUMENT.split(f"## {heading}\n")[1], flags=re.MULTILINE)[0]
    return {code(first): rest for first, *rest in rows(section)[2:]}


def code(cell):
    return cell.strip("`")


def codes(cell):
    return [] if cell == "-" else re.findall(r"`([^`]+)`", cell)


def test_the_document_lists_every_event_type_with_its_fields():
    listed = {known: set(codes(reads)) for known, (reads, _) in under("Events").items()}
    assert listed == {known: set(reads) - {"duration"} for known, reads in READS.items()}


def test_the_document_lists_every_alias():
    tables = under("Other names")
    listed = {known: codes(names) for known, (names,) in tables.items()}
    for known, names in (ALSO_CALLED | FIELD_ALSO_CALLED).items():
        assert listed.get(known) == names, f"correct the row of `{known}` in docs/events-and-timelines.md, Other names"
    assert listed.keys() == {*ALSO_CALLED, *FIELD_ALSO_CALLED, "field", "---"}


@pytest.mark.parametrize(
    "words",
    [FIELDS, MODES, ANOMALIES, LISTS, JUMP_CAUSES, BRANCH_CAUSES],
    ids=["fields", "modes", "anomalies", "lists", "causes of jumps", "causes of branches"],
)
def test_the_document_names_every_field_mode_anomaly_code_list_and_cause(words):
    assert {word for word in words if f"`{word}`" not in DOCUMENT} == set()


def test_the_document_says_for_every_anomaly_what_to_do():
    anomalies = under("Anomalies")
    assert anomalies.keys() == set(ANOMALIES)
    assert all(len(cell) > 20 for cells in anomalies.values() for cell in cells)


@pytest.mark.parametrize("shape", OURS, ids=lambda shape: shape.__name__)
def test_every_timeline_field_is_described_in_the_document_and_in_openapi(shape):
    for name, field in shape().fields.items():
        assert field.metadata.get("description"), name
        assert re.search(rf"`{field.data_key or name}(\[\])?`", DOCUMENT) or shape.__name__ == "TimelineQuery", name


def test_the_document_contains_the_table_of_modes_and_events():
    assert TABLE in DOCUMENT


def test_every_known_type_has_an_example_without_anomalies():
    assert EXAMPLES.keys() == READS.keys()
    for known, data in EXAMPLES.items():
        event = {"eventId": "e", "type": known, "timestamp": "2026-01-01T00:00:00Z", "data": data}
        assert "invalidField" not in json.dumps(timeline([event]))


# The state machine, as the table has it

MODE_AFTER = {
    "idle": [],
    "playing": ["play"],
    "paused": ["play", "pause"],
    "buffering": ["play", "bufferStart"],
    "seeking": ["play", "seekStart"],
    "ad": ["play", "adBreakStart"],
}
ACTIONS = {
    "play on": "play_on",
    "let go": "let_go",
    "resume": "report_still",
    "reload": "begin_anew",
}
WORDS = {"start", "finish", "land", "report", "ping", "seek", "branch", "leave", *ACTIONS}


class Watched(Walk):
    """Remembers which of the table's actions were taken."""

    def __init__(self):
        self.taken = []
        super().__init__()


def watching(name):
    method = getattr(Walk, name)

    def watched(self, *given, **named):
        self.taken.append(name)
        return method(self, *given, **named)

    return watched


SPIED = ["start", "finish", "land", "report", "ping_still", "ping_stalled", "seek", "branch", "leave", "play_on"]
for spied in [*SPIED, "let_go", "report_still", "begin_anew"]:
    setattr(Watched, spied, watching(spied))


def take(walked, known, **data):
    event = {"eventId": "e", "type": known, "timestamp": "", "instant": 0, "data": data}
    walked.take(event, STEPS[known])


CELLS = [
    (cells[0].strip("`"), mode, cell)
    for cells in rows(TABLE)[2:]
    for mode, cell in zip(MODE_AFTER, cells[1:], strict=True)
]


@pytest.mark.parametrize(("known", "mode", "cell"), CELLS, ids=[f"{known} {mode}" for known, mode, _ in CELLS])
def test_every_event_does_in_every_mode_what_the_table_says(known, mode, cell):
    walked = Watched()
    take(walked, "sessionStart", node="a")
    take(walked, "play", position=0)
    take(walked, "sessionEnd", position=0)
    for before in MODE_AFTER[mode]:
        take(walked, before, position=0)
    assert walked.mode == mode
    walked.taken.clear()
    data = {"to": 0, "toNode": "b", "node": "b"} | ({"rate": 1} if known == "rateChange" else {"position": 0})
    take(walked, known, **data)
    action, _, after = cell.partition(", ")
    if action.startswith("back to "):
        assert (walked.mode, walked.back, walked.taken) == (mode, action.removeprefix("back to "), [])
        return
    assert walked.mode == {"": mode, "back": "playing"}.get(after, after)
    if action == "-":
        assert walked.taken == []
    elif action == "ping":
        assert walked.taken[0] in ("ping_still", "ping_stalled")
    elif action not in ("offer", "chapter"):
        assert action in WORDS
        assert ACTIONS.get(action, action) in walked.taken


def test_the_table_has_every_type_and_every_mode():
    assert sorted(cells[0].strip("`") for cells in rows(TABLE)[2:]) == sorted(set(TYPES.values()))
    assert rows(TABLE)[0][1:] == [mode for mode in MODES if mode != "stalled"]
