"""What is done beside the requests goes on, whatever happens to it."""

import pytest
from pymongo.errors import AutoReconnect

from videosession import upkeep
from videosession.errors import DatabaseAway


@pytest.mark.parametrize("failure", [AutoReconnect("gone"), DatabaseAway(), ZeroDivisionError()], ids=repr)
def test_a_task_that_fails_is_tried_again_later(failure):
    failures = [failure]

    def task() -> None:
        if failures:
            raise failures.pop()

    assert [upkeep._succeeds(task), upkeep._succeeds(task)] == [False, True]


def test_a_mistake_is_told_to_the_log_and_an_absent_database_quietly(caplog):
    def task() -> None:
        raise ZeroDivisionError

    upkeep._succeeds(task)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "ZeroDivisionError" in caplog.text
