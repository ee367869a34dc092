"""A service as one would write it first, which believes what it is sent: a control, for gunicorn to load."""

import uuid

from flask import Flask, request

app = Flask(__name__)
sessions: dict[str, dict] = {}


@app.get("/livez")
def livez() -> dict:
    return {}


@app.post("/api/sessions")
def create() -> tuple[dict, int]:
    made = {"id": uuid.uuid4().hex, "title": request.json["title"], "events": []}
    sessions[made["id"]] = made
    return made, 201


@app.post("/api/sessions/<session_id>/events")
def append(session_id: str) -> tuple[dict, int]:
    event = {"eventId": uuid.uuid4().hex, "data": {}} | request.json
    sessions[session_id]["events"].append(event)
    return event, 201


@app.get("/api/sessions/<session_id>")
def read(session_id: str) -> dict:
    return sessions[session_id]


@app.delete("/api/sessions/<session_id>")
def delete(session_id: str) -> dict:
    return sessions.pop(session_id)
