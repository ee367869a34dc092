"""The walk and a second one, written from the document alone, agree.

Some hundred logs are compared here; `python -m tests.timeline.second 200000` compares as many as one likes.
"""

import pytest

from tests.timeline.chance import logs
from tests.timeline.second.agreement import differences


@pytest.mark.processes
def test_both_implementations_of_the_document_agree():
    assert {place: found for place, events in enumerate(logs(800, seed=1)) if (found := differences(events))} == {}
