"""Schemas of the lines of an exported session."""

from marshmallow import fields, validate

from videosession.config import LONGEST_SUBJECT
from videosession.contract.shapes import Shape
from videosession.ids import SESSION_ID
from videosession.sessions.fields import Instant, Text
from videosession.sessions.schemas import NewEvent, NewSession


class ExportedSession(NewSession):
    id = fields.String(
        required=True, validate=validate.Regexp(rf"{SESSION_ID}\Z", error="must have 32 characters from 0-9 a-f")
    )
    owner = Text(validate=validate.Length(1, LONGEST_SUBJECT))
    created_at = Instant(required=True, data_key="createdAt", attribute="createdAt")


class FirstLine(Shape):
    session = fields.Nested(ExportedSession, required=True)


class ExportedEvent(NewEvent):
    """An event with its id."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        """Require the id, without which a second import would store the event a second time."""
        super().on_bind_field(field_name, field_obj)
        if field_name == "event_id":
            field_obj.required = True
