"""Every operation of the API's description, asked whatever that description allows, and held to what it promises."""

from collections import Counter
from collections.abc import Iterator

import pymongo
import schemathesis
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests import described
from tests.battery.finding import MADE_UP, Finding, control
from tests.battery.stage import stage
from tests.client import Client
from tests.service import SECRET
from videosession.app import create_app
from videosession.sessions.repository import SessionRepository

EXAMPLES = 100
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def experiments() -> Iterator[Finding]:
    """Ask each operation; then the same of a service that forgets a field of its answers."""
    with stage() as built, pymongo.MongoClient(built.database.uri) as mongo:
        client = Client(create_app({"JWT_SECRET": SECRET}, db=mongo["operations"]))
        session_id = client.new_session()
        client.append(session_id, {"eventId": "x", "type": "play", "timestamp": "2026-03-01T10:00:00Z"})
        statuses, failures = ask_all(client, session_id, EXAMPLES)
        counts = ", ".join(f"{count} × {family}xx" for family, count in sorted(statuses.items()))
        what = f"generated requests to every operation in the OpenAPI document, {EXAMPLES} each"
        yield Finding(what, f"{counts}; {len(failures)} failures{''.join(failures[:3])}", not failures)
        append = SessionRepository.append_one
        SessionRepository.append_one = lambda *given, **named: {"eventId": append(*given, **named)["eventId"]}
        try:
            _, failures = ask_all(client, session_id, EXAMPLES // 5)
        finally:
            SessionRepository.append_one = append
        yield control("the same, a service whose answers lack fields", f"{len(failures)} failures", not failures)


def ask_all(client: Client, session_id: str, examples: int) -> tuple[Counter, list[str]]:
    """Ask every operation so often; the hundreds of the answers' statuses, and what was not as described."""
    description = schemathesis.openapi.from_dict(described.document())  # what JSON values may be is only in this one
    description.app = client.app
    statuses, failures = Counter(), []
    for result in description.get_all_operations():
        operation = result.ok()  # a document that is not read ends the test
        try:
            _ask(operation, client, session_id, statuses, examples)
        except (Failure, FailureGroup, AssertionError) as failure:
            failures.append(f" {operation.label}: {failure!s:.300}")
    return statuses, failures


def _ask(operation, client: Client, session_id: str, statuses: Counter, examples: int) -> None:
    @settings(MADE_UP, max_examples=examples)
    @given(case=operation.as_strategy())
    def ask(case) -> None:
        deletes = operation.method.upper() == "DELETE"
        if "sessionId" in case.path_parameters:
            case.path_parameters["sessionId"] = client.new_session() if deletes else session_id
        if "eventId" in case.path_parameters:
            case.path_parameters["eventId"] = "x"
        answer = case.call(headers={"Authorization": f"Bearer {client.token}"})
        statuses[answer.status_code // 100] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()
