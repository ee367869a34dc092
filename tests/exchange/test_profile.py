"""Every statement that an export writes, before the validator of ralph (of requirements-battery.txt), as for

ralph validate -f xapi -F
"""

import json

import pytest

from tests.exchange.test_xapi import CASES, FILM, exported

validator = pytest.importorskip("ralph.models.validator", reason="ralph-malph is in requirements-battery.txt")


def valid(statements: list[dict]) -> int:
    from ralph.models.selector import ModelSelector

    checked = validator.Validator(ModelSelector("ralph.models.xapi"))
    lines = [json.dumps(each) for each in statements]
    return len(list(checked.validate(lines, ignore_errors=False, fail_on_unknown=True)))


def test_every_statement_exported_from_the_published_cases_is_valid():
    statements = [each for case in CASES for each in exported(case["events"])]
    assert (valid(statements), len(statements) > 500) == (len(statements), True)


def test_every_statement_of_a_branching_film_is_valid():
    statements = exported(FILM)
    assert valid(statements) == len(statements) == 11


def test_the_validator_detects_a_misplaced_extension_and_a_wrong_version():
    broken = exported(FILM)[1]
    broken["context"]["extensions"]["no iri"] = 1
    broken["id"] = "x"
    with pytest.raises(Exception, match=r"id"):
        valid([broken])
