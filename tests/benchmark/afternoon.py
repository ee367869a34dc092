"""The simple app, as written in an afternoon: Flask, PyMongo, marshmallow, flask-jwt-extended as in tutorials."""

import os
from datetime import UTC, datetime

from bson import ObjectId
from flask import Flask, abort, jsonify, request
from flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required
from marshmallow import Schema, ValidationError, fields, validate
from pymongo import MongoClient


class SessionSchema(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 200))
    description = fields.String(load_default="", validate=validate.Length(max=5000))


class EventSchema(Schema):
    type = fields.String(required=True, validate=validate.Length(1, 100))
    timestamp = fields.AwareDateTime(required=True)
    data = fields.Dict(load_default=dict)


def create_app(uri: str, secret: str) -> Flask:
    """Build the app."""
    app = Flask("afternoon")
    app.config["JWT_SECRET_KEY"] = secret
    JWTManager(app)
    db = MongoClient(uri).get_default_database()
    sessions, events = db["afternoon_sessions"], db["afternoon_events"]
    session_schema, event_schema = SessionSchema(), EventSchema()

    def find_session(session_id: str) -> dict:
        session = sessions.find_one({"_id": ObjectId(session_id), "owner": get_jwt_identity()})
        return session or abort(404)

    @app.errorhandler(ValidationError)
    def refuse(error: ValidationError):
        return jsonify(errors=error.messages), 422

    @app.post("/api/sessions")
    @jwt_required()
    def create_session():
        session = session_schema.load(request.get_json())
        session |= {"owner": get_jwt_identity(), "createdAt": datetime.now(UTC)}
        sessions.insert_one(session)
        return jsonify(id=str(session["_id"]), title=session["title"], description=session["description"]), 201

    @app.post("/api/sessions/<session_id>/events")
    @jwt_required()
    def append_event(session_id: str):
        session = find_session(session_id)
        event = event_schema.load(request.get_json())
        event["sessionId"] = session["_id"]
        events.insert_one(event)
        return jsonify(_answer(event)), 201

    @app.get("/api/sessions/<session_id>")
    @jwt_required()
    def read_session(session_id: str):
        session = find_session(session_id)
        found = events.find({"sessionId": session["_id"]}).sort("timestamp", 1)
        return jsonify(
            id=session_id,
            title=session["title"],
            description=session["description"],
            events=[_answer(event) for event in found],
        )

    @app.get("/livez")
    def livez():
        return jsonify(status="alive")

    return app


def document(event: dict, instant: datetime, session_id: str) -> dict:
    """Make a document as the app stores it."""
    return {"type": event["type"], "timestamp": instant, "data": event["data"], "sessionId": ObjectId(session_id)}


def _answer(event: dict) -> dict:
    return {
        "eventId": str(event.get("_id", "")),
        "type": event["type"],
        "timestamp": event["timestamp"].isoformat(),
        "data": event["data"],
    }


def application():
    """Give gunicorn the app."""
    return create_app(os.environ["MONGODB_URI"], os.environ["JWT_SECRET"])
