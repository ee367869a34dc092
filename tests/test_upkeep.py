"""Background tasks continue, whatever happens to one of them."""

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from videosession import upkeep
from videosession.errors import DatabaseRefuses, DatabaseUnavailable


@pytest.mark.parametrize("failure", [AutoReconnect("gone"), DatabaseUnavailable(), ZeroDivisionError()], ids=repr)
def test_a_failed_task_is_retried_later(failure):
    failures = [failure]

    def task() -> None:
        if failures:
            raise failures.pop()

    assert [upkeep._run_task(task), upkeep._run_task(task)] == [False, True]


@pytest.mark.parametrize("failure", [OperationFailure("not allowed", 13), DatabaseRefuses("code 13")], ids=repr)
def test_a_task_that_the_database_refuses_is_not_retried_at_once(failure, caplog):
    def task() -> None:
        raise failure

    assert upkeep._run_task(task)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "code 13" in caplog.text


def test_a_bug_is_logged_as_an_error_and_an_unavailable_database_is_not(caplog):
    def task() -> None:
        raise ZeroDivisionError

    upkeep._run_task(task)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "ZeroDivisionError" in caplog.text
