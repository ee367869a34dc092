"""A part of the battery, small: all of it is `python -m tests.battery`."""

import pytest

from tests.battery import model
from tests.battery.hostile import FEWEST, Judge
from tests.battery.kills import kill_rounds
from tests.battery.races import IDS, THREADS, one_from_many
from tests.battery.stage import stage
from tests.contract.test_hostile_input import ACCEPTED

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def built():
    with stage() as built:
        yield built


def test_acknowledged_events_survive_kills_once_and_unchanged(built):
    verdict = kill_rounds(built, rounds=3, events_a_round=100)
    assert verdict["acknowledged"] >= 300
    assert verdict.is_clean, verdict


def test_one_event_sent_by_many_threads_is_stored_once_with_equal_answers(service):
    stored, answers = one_from_many(service, named=True)
    assert (stored, len(answers), sum(answers.values())) == (IDS, IDS, THREADS * IDS)


def test_no_hostile_request_causes_a_500_or_makes_a_later_read_fail(service):
    judge = Judge(service)
    judge.run()
    assert judge.faults == []
    assert judge.same == len(ACCEPTED)
    assert judge.sent >= FEWEST


def test_sessions_behave_like_a_dictionary(shared_app):
    assert model.compare(shared_app, runs=10) == ""
    with model.ids_taken_twice():
        assert model.compare(shared_app, runs=20) == "an id was taken twice"
