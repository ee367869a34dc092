"""Every operation under requests made up from the API's description, valid ones and invalid ones, by schemathesis.

It takes minutes and a large package, so it is not among the tests that every change must pass:

    .venv/bin/pip install schemathesis==4.32.5
    .venv/bin/pytest -n 0 tests/generated_requests.py
"""

import json
import os
import subprocess
import sys
import uuid

import schemathesis

from tests.service import PROJECT, mint

EXAMPLES = 100  # of each operation

# A query can be so long that gunicorn refuses the address.
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 431, "5xx"]
"""

# Conditions that hold for whatever is there.
HEADERS = {"If-Match": "*", "If-None-Match": '"another"'}


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """Make valid what is meant to be, in what JSON Schema cannot say."""
    if not case.meta.generation.mode.is_positive:
        return
    query, headers = case.query or {}, case.headers or {}
    query.pop("cursor", None)  # only the service makes one
    if "from" in query:
        query.pop("to", None)  # it may lie before
    query.update({name: round(value, 4) for name, value in query.items() if isinstance(value, float)})  # no exponents
    headers.update({name: value for name, value in HEADERS.items() if name in headers})
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = uuid.uuid4().hex  # of one request alone
    for place, event in enumerate(case.body if isinstance(case.body, list) else [case.body]):
        if isinstance(event, dict) and "eventId" in event:
            event["eventId"] = f"{place}:{event['eventId']}"[:64]  # of one event alone
        if isinstance(event, dict) and event.get("timestamp", "")[:4] in ("0001", "9999"):
            event["timestamp"] = f"2026{event['timestamp'][4:]}"  # in UTC it may be another year


@schemathesis.deserializer("application/x-ndjson")
def read_lines(context, response):
    """Read what a line is described to be from the first."""
    return json.loads(response.content.splitlines()[0]) if response.content else None


def test_nothing_is_found(service, tmp_path):
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{service.port}/openapi.json"),
        *("--header", f"Authorization: Bearer {mint()}", "--checks", "all", "--max-examples", str(EXAMPLES)),
        *("--continue-on-failure", "--no-color"),
    ]
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.generated_requests", "PYTHONPATH": str(PROJECT)}
    assert subprocess.run(command, cwd=tmp_path, env=environment).returncode == 0  # it keeps what it found there
