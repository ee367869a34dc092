"""A client in the service's own process, with a real token."""

import json
from datetime import timedelta

from flask import Flask

from tests import described
from videosession import auth


class Client:
    """Sends requests as one owner, in the service's own process, and reads the answers."""

    def __init__(self, app: Flask, subject: str | None = "alice", **claims):
        self.app = app
        self._client = app.test_client()
        with app.app_context():
            self.token = auth.make_token(subject, timedelta(hours=1), **claims) if subject else None

    def request(self, method: str, path: str, body=None, *, content_type="application/json", headers=None, **options):
        """Send `body` as JSON, or as it is where it is bytes; an answer that is `buffered` must be as described."""
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            options |= {"data": body if isinstance(body, bytes) else json.dumps(body), "content_type": content_type}
        answer = self._client.open(path, method=method, headers=sent, **options)
        if options.get("buffered", True):
            described.check(self.app, answer)
        return answer

    def get(self, path: str, **options):
        return self.request("GET", path, **options)

    def post(self, path: str, body=None, **options):
        return self.request("POST", path, body, **options)

    def delete(self, path: str, **options):
        return self.request("DELETE", path, **options)

    def new_session(self, **fields) -> str:
        """Open a session and give its id."""
        answer = self.post("/api/sessions", {"title": "A session"} | fields)
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    def append(self, session_id: str, body):
        return self.post(f"/api/sessions/{session_id}/events", body)
