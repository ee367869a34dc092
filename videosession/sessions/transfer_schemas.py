"""Shapes of the lines of a file that a session is written to."""

from marshmallow import fields, validate

from videosession.sessions.schemas import Instant, NewEvent, NewSession, Shape, Text


class ExportedSession(NewSession):
    id = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{32}\Z", error="must be 32 of 0-9 a-f"))
    owner = Text(validate=validate.Length(1, 255))
    created_at = Instant(required=True, data_key="createdAt", attribute="createdAt")


class FirstLine(Shape):
    session = fields.Nested(ExportedSession, required=True)


class ExportedEvent(NewEvent):
    """An event with the id that it has."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        """Ask for the id, without which a second import would store the event a second time."""
        if field_name == "event_id":
            field_obj.required = True
