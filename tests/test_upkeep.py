"""What is done beside the requests goes on, whatever happens to it."""

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from videosession import upkeep
from videosession.errors import DatabaseAway, DatabaseRefuses


@pytest.mark.parametrize("failure", [AutoReconnect("gone"), DatabaseAway(), ZeroDivisionError()], ids=repr)
def test_a_task_that_fails_is_tried_again_later(failure):
    failures = [failure]

    def task() -> None:
        if failures:
            raise failures.pop()

    assert [upkeep._is_over(task), upkeep._is_over(task)] == [False, True]


@pytest.mark.parametrize("failure", [OperationFailure("not allowed", 13), DatabaseRefuses("code 13")], ids=repr)
def test_a_task_that_the_database_refuses_is_not_tried_again_at_once(failure, caplog):
    def task() -> None:
        raise failure

    assert upkeep._is_over(task)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "code 13" in caplog.text


def test_a_mistake_is_told_to_the_log_and_an_absent_database_quietly(caplog):
    def task() -> None:
        raise ZeroDivisionError

    upkeep._is_over(task)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "ZeroDivisionError" in caplog.text
