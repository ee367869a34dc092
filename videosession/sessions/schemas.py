"""Shapes on the wire, and every bound of them; no database, no current user."""

from typing import Any

import orjson
from marshmallow import ValidationError, fields, validate, validates_schema

from videosession import instants
from videosession.contract import exact_json
from videosession.contract.pagination import PageQuery
from videosession.contract.queries import Query, WholeNumber
from videosession.contract.shapes import Moment, Shape, json_object
from videosession.sessions.idempotency import content

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 5000
LONGEST_VIDEO_ID = 200
LONGEST_TYPE = 100
LONGEST_EVENT_ID = 64
LONGEST_TIMESTAMP = 40
SHORTEST_PLAYING_SECONDS, LONGEST_PLAYING_SECONDS = 60, 3600  # of a player's token
_SESSION_ID = "5f0c6a3b9d1e4c7f8a2b6d4e0c9f1a3b"  # of the examples
LARGEST_METADATA = 16 * 1024
MOST_EVENTS = 1000  # of a request
LARGEST_PAGE_OF_SESSIONS, LARGEST_PAGE_OF_EVENTS = 200, 1000


class Timestamp(str):
    """An instant exactly as it was sent, with its microseconds since 1970."""

    __slots__ = ("microseconds",)
    microseconds: int


class Text(fields.String):
    """Unicode text; a lone surrogate is none and could not be stored."""

    def _deserialize(self, value, attr, data, **kwargs) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if not value.isascii() and (detail := exact_json.text_fault(value)):
            raise ValidationError(detail)
        return value


class Instant(fields.String):
    """An RFC 3339 instant with its zone, given back exactly as it was sent."""

    described = {"format": "date-time", "maxLength": LONGEST_TIMESTAMP}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Timestamp:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > LONGEST_TIMESTAMP:
            raise ValidationError(f"is longer than {LONGEST_TIMESTAMP} characters")
        timestamp = Timestamp(value)
        try:
            timestamp.microseconds = instants.read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return timestamp


class QueryInstant(fields.Field[int]):
    """An instant in a query, in microseconds; there a plus that is not escaped arrives as a blank."""

    described = Instant.described
    _instant = Instant()

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> int:
        if value[-6:-5] == " ":
            raise ValidationError("has a blank where the + of its zone belongs: write that as %2B")
        return self._instant._deserialize(value, attr, data, **kwargs).microseconds


class JSONObject(fields.Field):
    """A JSON object of any content that can be stored and given back exactly."""

    described = json_object("JSONValue")
    default_error_messages = {"invalid": "Not a JSON object."}
    key_fault = staticmethod(exact_json.key_fault)

    def _deserialize(self, value, attr, data, **kwargs) -> dict:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        is_any_key_good = self.key_fault is exact_json.key_fault
        if is_any_key_good and exact_json.is_plain(value):
            return value
        if faults := list(exact_json.faults(value, self.key_fault)):
            raise ValidationError(faults)
        return value


class MetadataPatch(JSONObject):
    """Changes to metadata, whose keys can all be asked for in a query of the database."""

    described = json_object("MetadataValue")

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
    title = Text(required=True, validate=validate.Length(1, LONGEST_TITLE))
    description = Text(load_default="", validate=validate.Length(max=LONGEST_DESCRIPTION))
    video_id = Text(
        data_key="videoId",
        attribute="videoId",
        validate=validate.Length(1, LONGEST_VIDEO_ID),
        metadata={"description": "What is watched, in your own words; sessions can be listed by it."},
    )
    metadata = Metadata(
        metadata={
            "description": f"Anything else you want to keep with the session, up to {LARGEST_METADATA} bytes as JSON."
        }
    )
    example = {"title": "A lecture", "description": "Seen on a train", "videoId": "lecture-3"}


class SessionPatch(Shape):
    """Changes to a session as a merge patch: null removes."""

    title = Text(validate=validate.Length(1, LONGEST_TITLE))
    description = Text(allow_none=True, validate=validate.Length(max=LONGEST_DESCRIPTION))
    video_id = Text(
        data_key="videoId", attribute="videoId", allow_none=True, validate=validate.Length(1, LONGEST_VIDEO_ID)
    )
    metadata = MetadataPatch(allow_none=True)
    example = {"description": None, "metadata": {"course": "history"}}


class Session(Shape):
    """What every answer says of a session; `videoId` and `metadata` where they were given."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    video_id = fields.String(data_key="videoId")
    metadata = fields.Dict()


class CreatedSession(Session):
    created_at = Moment(required=True, data_key="createdAt")
    example = {"id": _SESSION_ID, "title": "A lecture", "description": "", "createdAt": "2026-03-01T10:00:00.000Z"}


class ListedSession(CreatedSession):
    """A session without its events; `lastEventAt` where it has had any."""

    last_event_at = Moment(data_key="lastEventAt")
    example = CreatedSession.example | {"lastEventAt": "2026-03-01T10:20:00.000Z"}


class NewEvent(Shape):
    event_id = fields.String(
        data_key="eventId",
        attribute="eventId",
        metadata={"description": "Your own id, unique in its session: sent again, the event is stored once."},
        validate=validate.Regexp(
            rf"(?!\.{{1,2}}\Z)[A-Za-z0-9._~:-]{{1,{LONGEST_EVENT_ID}}}\Z",
            error=f"must be 1 to {LONGEST_EVENT_ID} of the characters A-Z a-z 0-9 . _ ~ : - and neither . nor ..",
        ),
    )
    type = Text(
        required=True,
        validate=validate.Length(1, LONGEST_TYPE),
        metadata={"description": "Any; those that players send are understood by the timeline."},
    )
    timestamp = Instant(required=True, metadata={"description": "By the player's clock; given back as it was sent."})
    data = JSONObject(
        load_default=dict,
        metadata={"description": f"Given back as it was sent, down to {exact_json.DEEPEST} levels."},
    )

    @validates_schema(pass_collection=True, skip_on_field_errors=False)
    def refuse_contradictions(self, events: list[dict], many: bool, **_) -> None:
        """Find every event whose id an earlier one in the request has with other content."""
        first: dict[str, bytes] = {}
        faults: dict[int, dict[str, list[str]]] = {}
        for place, event in enumerate(events if many else ()):
            if "eventId" in event and first.setdefault(event["eventId"], said := content(event)) != said:
                faults[place] = {"eventId": ["is the id of an earlier event in this request, with other content"]}
        if faults:
            raise ValidationError(faults)

    example = {"type": "seek", "timestamp": "2026-03-01T10:00:30.000Z", "data": {"from": 30, "to": 240}}


class Event(Shape):
    event_id = fields.String(required=True, data_key="eventId")
    type = fields.String(required=True)
    timestamp = fields.String(required=True)
    data = fields.Dict(required=True)
    example = NewEvent.example | {"eventId": "00642d7a5b1c3e09f1a2b3c4d50000"}


class Events(Shape):
    events = fields.List(fields.Nested(Event), required=True)
    example = {"events": [Event.example]}


class SessionWithEvents(Session):
    events = fields.List(fields.Nested(Event), required=True)
    example = {
        "id": _SESSION_ID,
        "title": "A lecture",
        "description": "",
        "events": [Event.example],
    }


class Whole(fields.Integer):
    """A number without a fraction, however it is written: to JSON Schema 60.0 is an integer, too."""

    def _validated(self, value) -> int:
        if not isinstance(value, int | float) or isinstance(value, bool) or value % 1:
            raise self.make_error("invalid")
        return int(value)


class NewPlayerToken(Shape):
    lifetime_seconds = Whole(
        data_key="expiresIn",
        load_default=LONGEST_PLAYING_SECONDS,
        metadata={"description": "For how many seconds."},
        validate=validate.Range(SHORTEST_PLAYING_SECONDS, LONGEST_PLAYING_SECONDS),
    )
    example = {"expiresIn": 600}


class PlayerToken(Shape):
    token = fields.String(required=True)
    expires_at = Moment(required=True, data_key="expiresAt")
    example = {"token": "eyJhbGciOiJIUzI1NiJ9.…", "expiresAt": "2026-03-01T10:10:00.000Z"}


class SessionQuery(Query):
    events = fields.String(
        validate=validate.Equal("none", error="must be none, if anything"),
        metadata={"description": "`none` leaves the events out and adds the instants of the session."},
    )


class SessionsQuery(PageQuery):
    limit = WholeNumber(1, LARGEST_PAGE_OF_SESSIONS, load_default=50, metadata={"description": "How many, at most."})
    video_id = Text(
        data_key="videoId",
        attribute="videoId",
        validate=validate.Length(1, LONGEST_VIDEO_ID),
        metadata={"description": "Only the sessions that have this one."},
    )


class EventsQuery(PageQuery):
    limit = WholeNumber(1, LARGEST_PAGE_OF_EVENTS, load_default=100, metadata={"description": "How many, at most."})
    type = Text(validate=validate.Length(1, LONGEST_TYPE), metadata={"description": "Only events of this type."})
    since = QueryInstant(data_key="from", metadata={"description": "Only events at this instant or later."})
    until = QueryInstant(data_key="to", metadata={"description": "Only events before this instant."})

    @validates_schema
    def refuse_reversed(self, query: dict, **_) -> None:
        """Refuse `from` after `to`: it selects nothing, and is a mistake."""
        if query.get("since", instants.EARLIEST) > query.get("until", instants.LATEST):
            raise ValidationError("is after 'to'", "from")


class EventsPage(Events):
    """A page of events; `next` is the cursor of the one after it, where there is one."""

    next = fields.String()
    example = Events.example | {"next": "WzE3NzIzNTkyMzAwMDAwMDAsIjAwNjQyIix7fV0"}


class Sessions(Shape):
    """A page of sessions; `next` is the cursor of the one after it, where there is one."""

    sessions = fields.List(fields.Nested(ListedSession), required=True)
    next = fields.String()
    example = {"sessions": [ListedSession.example], "next": "WzE3NzIzNTkyMzAwMDAwMDAsIjVmMGMiLHt9XQ"}


class Deleted(Shape):
    message = fields.String(required=True)
    example = {"message": "Session deleted successfully."}
