"""How an answer is read and judged."""

import json


def strict_json(text: str | bytes):
    """Read JSON as RFC 8259 has it: Python's own reader takes NaN and Infinity, too."""

    def refuse(name: str):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def canonical(value) -> str:
    """Write JSON so that two values are the same only if every digit of them is: 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


def check_problem(answer, status: int) -> dict:
    """See that an answer is a problem document as promised, and give it."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.content_type == "application/problem+json"
    document = strict_json(answer.data)
    assert {"type", "title", "status", "detail", "requestId"} <= set(document)
    assert document["status"] == status
    assert document["detail"]
    assert document["requestId"] == answer.headers["X-Request-Id"]
    assert len(answer.data) < 200_000, "a small request must not make a large answer"
    return document
