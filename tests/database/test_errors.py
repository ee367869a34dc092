"""What a database failure means: it may pass, it is permanent, or this document causes it."""

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DocumentTooLarge,
    DuplicateKeyError,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WriteError,
    WTimeoutError,
)

from videosession.database.errors import BY_DOCUMENT, BY_OPERATOR, meaning
from videosession.errors import DatabaseRefuses, DatabaseUnavailable, DocumentRefused


def bulk(*codes: int, **also) -> BulkWriteError:
    faults = [{"index": place, "code": code, "errmsg": "of a client"} for place, code in enumerate(codes)]
    return BulkWriteError({"writeErrors": faults, "writeConcernErrors": []} | also)


RETRYABLE = {"errorLabels": ["RetryableWriteError"]}
# What PyMongo raises, and what it means.
MEANINGS = {
    "no connection": (AutoReconnect("of a client"), DatabaseUnavailable),
    "no server": (ServerSelectionTimeoutError("of a client"), DatabaseUnavailable),
    "another primary": (NotPrimaryError("of a client"), DatabaseUnavailable),
    "a name that cannot be looked up": (ConfigurationError("of a client"), DatabaseUnavailable),
    "no majority in time": (WTimeoutError("of a client", 64), DatabaseUnavailable),
    "a write concern that cannot be met now": (WriteConcernError("of a client", 2), DatabaseUnavailable),
    "an unknown code": (OperationFailure("of a client", 99_999), DatabaseUnavailable),
    "no code": (OperationFailure("of a client"), DatabaseUnavailable),
    "a code that comes again, said to pass": (OperationFailure("of a client", 2, RETRYABLE), DatabaseUnavailable),
    "not allowed": (OperationFailure("of a client", 13), DatabaseRefuses),
    "an index of somebody else": (DuplicateKeyError("of a client", 11000), DatabaseRefuses),
    "a validator": (WriteError("of a client", 121), DocumentRefused),
    "too large for PyMongo": (DocumentTooLarge("of a client"), DocumentRefused),
    "one of many": (bulk(121), DocumentRefused),
    "one of many beside a duplicate": (bulk(11000, 121), DocumentRefused),
    "an index of somebody else, of many": (bulk(11000), DatabaseRefuses),
    "both kinds of refusal": (bulk(2, 121), DatabaseRefuses),
    "a refusal beside what may pass": (bulk(121, 91), DatabaseUnavailable),
    "a refusal that may be rolled back": (bulk(121, writeConcernErrors=[{"code": 64}]), DatabaseUnavailable),
}


@pytest.mark.parametrize(("error", "kind"), MEANINGS.values(), ids=MEANINGS)
def test_a_database_failure_means(error, kind):
    found = meaning(error)
    assert type(found) is kind
    assert "of a client" not in found.detail


def test_no_error_code_has_two_meanings():
    assert BY_DOCUMENT.keys().isdisjoint(BY_OPERATOR)
