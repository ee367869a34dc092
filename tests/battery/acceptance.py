"""Every operation accepts what the OpenAPI document allows and rejects what it forbids, also in sequences."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator

import schemathesis

from tests import described
from tests.battery.finding import Finding, control
from tests.battery.stage import Stage, stage
from tests.service import PROJECT, mint

EXAMPLES = 100

# A query can be so long that gunicorn refuses the address.
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 431, "5xx"]
"""

# Conditions that hold for whatever is there.
HEADERS = {"If-Match": "*", "If-None-Match": '"another"'}


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """Correct what JSON Schema cannot express, so that valid cases are valid and invalid ones invalid."""
    if not case.meta.generation.mode.is_positive:
        case.body = _in_digits(case.body)
        return
    query, headers = case.query or {}, case.headers or {}
    query.pop("cursor", None)  # only the service makes one
    if "from" in query:
        query.pop("to", None)  # it may lie before
    for name in query.keys() & {"from", "to"}:
        query[name] = _in_any_zone(query[name])
    query.update({name: round(value, 2) for name, value in query.items() if isinstance(value, float)})  # few digits
    headers.update({name: value for name, value in HEADERS.items() if name in headers})
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = uuid.uuid4().hex  # of one request alone
    if isinstance(case.body, dict) and ("nodes" in case.body or "edges" in case.body):
        _settle(case.body)
    for place, event in enumerate(case.body if isinstance(case.body, list) else [case.body]):
        if isinstance(event, dict) and "eventId" in event:
            event["eventId"] = f"{place}:{event['eventId']}"[:64]  # of one event alone
        if isinstance(event, dict) and "timestamp" in event:
            event["timestamp"] = _in_any_zone(event["timestamp"])


def _in_any_zone(instant: str) -> str:
    """Return the instant in another year if its year is the first or the last: in UTC it may leave the range."""
    return f"2026{instant[4:]}" if instant[:4] in ("0001", "9999") else instant


def _settle(plan: dict) -> None:
    """Remove duplicate nodes from a plan, and edges of missing nodes."""
    nodes = {node["id"]: node for node in plan.get("nodes", ())}
    plan["nodes"] = list(nodes.values())
    plan["edges"] = [edge for edge in plan.get("edges", ()) if {edge["from"], edge["to"]} <= nodes.keys()]


def _in_digits(value):
    """Write what is beyond 64 bits in digits: the same as a double is taken, and to JSON Schema both are integers."""
    if isinstance(value, dict):
        return {name: _in_digits(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_in_digits(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) >= 2**63 else value


@schemathesis.deserializer("application/x-ndjson")
def read_lines(context, response):
    """Read what a line is described to be from the first."""
    return json.loads(response.content.splitlines()[0]) if response.content else None


def experiments() -> Iterator[Finding]:
    """Test each operation; then again with invented cursors, ETags and keys, which no document can describe."""
    with stage() as built:
        made_up, found = _ask(built, EXAMPLES, SCHEMATHESIS_HOOKS="tests.battery.acceptance")
        what = f"valid and invalid requests made from the OpenAPI document, {EXAMPLES} per operation and in sequences"
        yield Finding(what, f"{made_up} requests, {found} not answered as described", not found)
        made_up, found = _ask(built, EXAMPLES // 5)
        yield control("the same, with invented cursors, ETags and keys", f"{found} of {made_up}", not found)


def _ask(built: Stage, examples: int, **environment: str) -> tuple[int, int]:
    """Let schemathesis test a service; return how many requests it made and how many answers it did not expect."""
    (built.directory / "schemathesis.toml").write_text(CONFIGURATION)
    (built.directory / "openapi.json").write_text(json.dumps(described.document()))  # it says what JSON values may be
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", "openapi.json"),
        *("--url", f"http://127.0.0.1:{built.serve().port}"),
        *("--header", f"Authorization: Bearer {mint()}", "--checks", "all", "--max-examples", str(examples)),
        *("--continue-on-failure", "--no-color", "--workers", "2"),
    ]
    told = subprocess.run(  # in that directory it keeps what it found
        command,
        cwd=built.directory,
        env=os.environ | {"PYTHONPATH": str(PROJECT)} | environment,
        capture_output=True,
        text=True,
    ).stdout
    [generated] = re.findall(r"(\d+) generated", told)
    return int(generated), sum(map(int, re.findall(r"^ +❌ ST\d+ .*: (\d+)$", told, re.M)))
