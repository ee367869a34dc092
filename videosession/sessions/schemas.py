"""Shapes on the wire, and every bound of them; no database, no current user."""

import orjson
from marshmallow import ValidationError, fields, validate, validates_schema

from videosession import exact_json, instants
from videosession.pages import PageQuery
from videosession.queries import Query, WholeNumber
from videosession.sessions.sameness import content
from videosession.shapes import Shape

LONGEST_TIMESTAMP = 40
LONGEST_PLAYING_SECONDS = 3600  # of a player's token
LARGEST_METADATA = 16 * 1024


class Timestamp(str):
    """An instant exactly as it was sent, with its microseconds since 1970."""

    __slots__ = ("microseconds",)


class Text(fields.String):
    """Unicode text; a lone surrogate is none and could not be stored."""

    def _deserialize(self, value, attr, data, **kwargs) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if detail := exact_json.text_fault(text):
            raise ValidationError(detail)
        return text


class Instant(fields.String):
    """An RFC 3339 instant with its zone, given back exactly as it was sent."""

    def _deserialize(self, value, attr, data, **kwargs) -> Timestamp:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > LONGEST_TIMESTAMP:
            raise ValidationError(f"is longer than {LONGEST_TIMESTAMP} characters")
        timestamp = Timestamp(text)
        try:
            timestamp.microseconds = instants.read(text)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return timestamp


class QueryInstant(Instant):
    """An instant in a query, in microseconds; there a plus that is not escaped arrives as a blank."""

    def _deserialize(self, value, attr, data, **kwargs) -> int:
        if value[-6:-5] == " ":
            raise ValidationError("has a blank where the + of its zone belongs: write that as %2B")
        return super()._deserialize(value, attr, data, **kwargs).microseconds


class JSONObject(fields.Field):
    """A JSON object of any content that can be stored and given back exactly."""

    default_error_messages = {"invalid": "Not a JSON object."}
    key_fault = staticmethod(exact_json.key_fault)

    def _deserialize(self, value, attr, data, **kwargs) -> dict:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if faults := list(exact_json.faults(value, self.key_fault)):
            raise ValidationError(faults)
        return value


class MetadataPatch(JSONObject):
    """Changes to metadata, whose keys can all be asked for in a query of the database."""

    @staticmethod
    def key_fault(key: str) -> str | None:
        if not key or "." in key or key.startswith("$"):
            return "has a key that is empty, has a dot in it, or begins with $"
        return exact_json.key_fault(key)


class Metadata(MetadataPatch):
    """A JSON object for the client's own use, of a bounded size."""

    def _deserialize(self, value, attr, data, **kwargs) -> dict:
        metadata = super()._deserialize(value, attr, data, **kwargs)
        if detail := metadata_size_fault(metadata):
            raise ValidationError(detail)
        return metadata


def metadata_size_fault(metadata: dict) -> str | None:
    """Say by how much metadata are too large, if they are."""
    size = len(orjson.dumps(metadata))
    return f"is {size} bytes as JSON, and {LARGEST_METADATA} is the most" if size > LARGEST_METADATA else None


class NewSession(Shape):
    title = Text(required=True, validate=validate.Length(1, 200))
    description = Text(load_default="", validate=validate.Length(max=5000))
    video_id = Text(data_key="videoId", attribute="videoId", validate=validate.Length(1, 200))
    metadata = Metadata()


class SessionPatch(Shape):
    """Changes to a session as a merge patch: null removes."""

    title = Text(validate=validate.Length(1, 200))
    description = Text(allow_none=True, validate=validate.Length(max=5000))
    video_id = Text(data_key="videoId", attribute="videoId", allow_none=True, validate=validate.Length(1, 200))
    metadata = MetadataPatch(allow_none=True)


class Session(Shape):
    """What every answer says of a session; `videoId` and `metadata` where they were given."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    video_id = fields.String(data_key="videoId")
    metadata = fields.Dict()


class CreatedSession(Session):
    created_at = fields.String(required=True, data_key="createdAt")


class ListedSession(CreatedSession):
    """A session without its events; `lastEventAt` where it has had any."""

    last_event_at = fields.String(data_key="lastEventAt")


class NewEvent(Shape):
    event_id = fields.String(
        data_key="eventId",
        attribute="eventId",
        validate=validate.Regexp(
            r"(?!\.{1,2}\Z)[A-Za-z0-9._~:-]{1,64}\Z",
            error="must be 1 to 64 of the characters A-Z a-z 0-9 . _ ~ : - and neither . nor ..",
        ),
    )
    type = Text(required=True, validate=validate.Length(1, 100))
    timestamp = Instant(required=True)
    data = JSONObject(load_default=dict)

    @validates_schema(pass_collection=True, skip_on_field_errors=False)
    def refuse_contradictions(self, events: list[dict], many: bool, **_) -> None:
        """Find every event whose id an earlier one in the request has with other content."""
        first, faults = {}, {}
        for place, event in enumerate(events if many else ()):
            if "eventId" in event and first.setdefault(event["eventId"], said := content(event)) != said:
                faults[place] = {"eventId": ["is the id of an earlier event in this request, with other content"]}
        if faults:
            raise ValidationError(faults)


class Event(Shape):
    event_id = fields.String(required=True, data_key="eventId")
    type = fields.String(required=True)
    timestamp = fields.String(required=True)
    data = fields.Dict(required=True)


class Events(Shape):
    events = fields.List(fields.Nested(Event), required=True)


class SessionWithEvents(Session):
    events = fields.List(fields.Nested(Event), required=True)


class NewPlayerToken(Shape):
    lifetime_seconds = fields.Integer(
        data_key="expiresIn",
        strict=True,
        load_default=LONGEST_PLAYING_SECONDS,
        validate=validate.Range(60, LONGEST_PLAYING_SECONDS),
    )


class PlayerToken(Shape):
    token = fields.String(required=True)
    expires_at = fields.String(required=True, data_key="expiresAt")


class SessionQuery(Query):
    events = fields.String(validate=validate.Equal("none", error="must be none, if anything"))


class SessionsQuery(PageQuery):
    limit = WholeNumber(1, 200, load_default=50)
    video_id = Text(data_key="videoId", attribute="videoId", validate=validate.Length(1, 200))


class EventsQuery(PageQuery):
    limit = WholeNumber(1, 1000, load_default=100)
    type = Text(validate=validate.Length(1, 100))
    since = QueryInstant(data_key="from")
    until = QueryInstant(data_key="to")

    @validates_schema
    def refuse_reversed(self, query: dict, **_) -> None:
        """Refuse `from` after `to`: it selects nothing, and is a mistake."""
        if query.get("since", instants.EARLIEST) > query.get("until", instants.LATEST):
            raise ValidationError("is after 'to'", "from")


class EventsPage(Events):
    """A page of events; `next` is the cursor of the one after it, where there is one."""

    next = fields.String()


class Sessions(Shape):
    """A page of sessions; `next` is the cursor of the one after it, where there is one."""

    sessions = fields.List(fields.Nested(ListedSession), required=True)
    next = fields.String()


class Deleted(Shape):
    message = fields.String(required=True)
