"""Problem documents (RFC 9457), for the service and for gunicorn's worker; knows no framework."""

from typing import Any

from werkzeug.http import HTTP_STATUS_CODES

PROBLEM_JSON = "application/problem+json"


def document(status: int, detail: str, request_id: str | None) -> dict[str, Any]:
    """Return the members that every problem document has."""
    title = HTTP_STATUS_CODES.get(status, "Error")
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "requestId": request_id}
