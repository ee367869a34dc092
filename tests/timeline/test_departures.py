"""What a walk says of branches and of the end, for the view of a whole video."""

import pytest

from tests.timeline.log import log
from videosession.timeline import walk


def test_each_departure_leads_from_an_entry_of_the_path_to_the_next():
    viewing = walk(log("0 play 0; 9 choice 9 toNode=b option=B; 9 play 0; 12 nodeEnter node=a; 12 play 0; 15 pause 3"))
    told = [(each.start.id, each.end.id, each.option, each.cause, each.position) for each in viewing.departures]
    assert told == [(None, "b", "B", "choice", 9.0), ("b", "a", None, "auto", 3.0)]
    assert [node.id for node in viewing.path] == [None, "b", "a"]


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("0 play 0; 9 sessionEnd 9", True),
        ("0 play 0; 9 ended 9; 10 unheardOf", True),
        ("0 play 0; 9 complete 9; 10 play 0", False),
        ("0 unheardOf", False),
    ],
)
def test_a_viewing_has_ended_if_its_last_known_event_ends_it(text, ended):
    assert walk(log(text)).ended is ended
