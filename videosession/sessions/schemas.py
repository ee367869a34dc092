"""The schemas of sessions and events, with all bounds; knows no database and no current user."""

from copy import copy

from marshmallow import ValidationError, fields, missing, validate, validates_schema

from videosession import instants
from videosession.contract import exact_json
from videosession.contract.pagination import PageQuery
from videosession.contract.queries import Query, WholeNumber
from videosession.contract.shapes import Moment, Shape
from videosession.ids import EVENT_ID, LONGEST_EVENT_ID
from videosession.sessions.fields import (
    LARGEST_METADATA,
    Instant,
    JSONObject,
    Metadata,
    MetadataPatch,
    QueryInstant,
    Text,
    Whole,
)
from videosession.sessions.idempotency import content
from videosession.timeline.vocabulary import EXAMPLES

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 5000
LONGEST_VIDEO_ID = 200
LONGEST_TYPE = 100
SHORTEST_PLAYING_SECONDS, LONGEST_PLAYING_SECONDS = 60, 3600  # of a player's token
_SESSION_ID = "5f0c6a3b9d1e4c7f8a2b6d4e0c9f1a3b"  # of the examples
MOST_EVENTS = 1000  # of a request
LARGEST_PAGE_OF_SESSIONS, LARGEST_PAGE_OF_EVENTS = 200, 1000


class NewSession(Shape):
    """A session to be created. This is the one list of the fields of a session: all others follow from it."""

    title = Text(
        required=True,
        validate=validate.Length(1, LONGEST_TITLE),
        metadata={"description": "The session's name."},
    )
    description = Text(
        load_default="",
        validate=validate.Length(max=LONGEST_DESCRIPTION),
        metadata={"description": "Any text."},
    )
    video_id = Text(
        data_key="videoId",
        attribute="videoId",
        validate=validate.Length(1, LONGEST_VIDEO_ID),
        metadata={"description": "Your own id for the video; the list of sessions can be filtered by it."},
    )
    metadata = Metadata(
        metadata={"description": f"Your own data about the session; at most {LARGEST_METADATA} bytes as JSON."}
    )
    example = {"title": "A lecture", "description": "Seen on a train", "videoId": "lecture-3"}


CONTENT = tuple(field.data_key or name for name, field in NewSession._declared_fields.items())
DEFAULTS = {
    field.data_key or name: field.load_default
    for name, field in NewSession._declared_fields.items()
    if field.load_default is not missing
}


def _in_patches(field: fields.Field) -> fields.Field:
    """Return a field of a new session as merge patches have it: null removes an optional one."""
    if isinstance(field, Metadata):
        patched: fields.Field = MetadataPatch(data_key=field.data_key, metadata=field.metadata)
    else:
        patched = copy(field)
        patched.load_default = missing
    patched.required, patched.allow_none = False, not field.required
    return patched


def _in_answers(field: fields.Field) -> fields.Field:
    """Return a field of a new session as answers have it: always present if it is required or has a default."""
    answered = copy(field)  # a number or a boolean, as it is
    if isinstance(field, JSONObject):
        answered = fields.Dict(data_key=field.data_key, metadata=field.metadata)
    elif isinstance(field, fields.String):
        answered = fields.String(data_key=field.data_key, metadata=field.metadata)
    answered.required = field.required or field.load_default is not missing
    answered.attribute, answered.load_default = None, missing
    return answered


class SessionPatch(Shape):
    """Changes to a session as a JSON merge patch: `null` removes a field."""

    class Meta(Shape.Meta):
        include = {name: _in_patches(field) for name, field in NewSession._declared_fields.items()}

    example = {"description": None, "metadata": {"course": "history"}}


class Session(Shape):
    """A session; `videoId` and `metadata` are present only if they were set."""

    class Meta(Shape.Meta):
        include = {name: _in_answers(field) for name, field in NewSession._declared_fields.items()}

    id = fields.String(required=True, metadata={"description": "The session's id."})


class CreatedSession(Session):
    created_at = Moment(
        required=True,
        data_key="createdAt",
        metadata={"description": "When the session was created, by the database's clock."},
    )
    example = {"id": _SESSION_ID, "title": "A lecture", "description": "", "createdAt": "2026-03-01T10:00:00.000Z"}


class ListedSession(CreatedSession):
    """A session without its events; `lastEventAt` is present only if it has events."""

    last_event_at = Moment(
        data_key="lastEventAt",
        metadata={"description": "When the session's last event arrived, by the database's clock."},
    )
    example = CreatedSession.example | {"lastEventAt": "2026-03-01T10:20:00.000Z"}


class NewEvent(Shape):
    event_id = fields.String(
        data_key="eventId",
        attribute="eventId",
        metadata={"description": "Your own id, unique in the session: an event with an id is stored only once."},
        validate=validate.Regexp(
            rf"(?!\.{{1,2}}\Z){EVENT_ID}\Z",
            error=f"must have 1 to {LONGEST_EVENT_ID} characters from A-Z a-z 0-9 . _ ~ : - and not be '.' or '..'",
        ),
    )
    type = Text(
        required=True,
        validate=validate.Length(1, LONGEST_TYPE),
        metadata={"description": "Any string. Known types have an effect on the timeline."},
    )
    timestamp = Instant(
        required=True,
        metadata={"description": "When the event happened, by the player's clock. Returned as it was sent."},
    )
    data = JSONObject(
        load_default=dict,
        metadata={
            "description": f"Any object of at most {exact_json.DEEPEST} levels; returned exactly as it was sent."
        },
    )

    @validates_schema(pass_collection=True, skip_on_field_errors=False)
    def refuse_contradictions(self, events: list[dict], many: bool, **_) -> None:
        """Refuse every event whose id an earlier one in the request has with other content."""
        first: dict[str, bytes] = {}
        faults: dict[int, dict[str, list[str]]] = {}
        for place, event in enumerate(events if many else ()):
            if "eventId" in event and first.setdefault(event["eventId"], said := content(event)) != said:
                faults[place] = {"eventId": ["must be unique: another event in this request has this id"]}
        if faults:
            raise ValidationError(faults)

    example = {"type": "seek", "timestamp": "2026-03-01T10:00:30.000Z", "data": {"from": 30, "to": 240}}
    further_examples = tuple(
        {"type": known, "timestamp": "2026-03-01T10:00:30.000Z", "data": data} for known, data in EXAMPLES.items()
    )


class Event(Shape):
    event_id = fields.String(
        required=True,
        data_key="eventId",
        metadata={"description": "The client's own id, or one that the service generated."},
    )
    type = fields.String(required=True, metadata={"description": "As it was sent."})
    timestamp = fields.String(
        required=True, metadata={"description": "As it was sent: an RFC 3339 instant with a time zone."}
    )
    data = fields.Dict(required=True, metadata={"description": "As it was sent."})
    example = NewEvent.example | {"eventId": "00642d7a5b1c3e09f1a2b3c4d50000"}


class Events(Shape):
    events = fields.List(
        fields.Nested(Event),
        required=True,
        metadata={"description": "In the order of the request, or on a page in the order in which they happened."},
    )
    example = {"events": [Event.example]}


class SessionWithEvents(Session):
    events = fields.List(
        fields.Nested(Event), required=True, metadata={"description": "In the order in which they happened."}
    )
    example = {
        "id": _SESSION_ID,
        "title": "A lecture",
        "description": "",
        "events": [Event.example],
    }


class NewPlayerToken(Shape):
    lifetime_seconds = Whole(
        data_key="expiresIn",
        load_default=LONGEST_PLAYING_SECONDS,
        metadata={"description": "The token's lifetime in seconds."},
        validate=validate.Range(SHORTEST_PLAYING_SECONDS, LONGEST_PLAYING_SECONDS),
    )
    example = {"expiresIn": 600}


class PlayerToken(Shape):
    token = fields.String(required=True, metadata={"description": "Send it as a Bearer token."})
    expires_at = Moment(required=True, data_key="expiresAt", metadata={"description": "When the token expires."})
    example = {"token": "eyJhbGciOiJIUzI1NiJ9.…", "expiresAt": "2026-03-01T10:10:00.000Z"}


class SessionQuery(Query):
    events = fields.String(
        validate=validate.Equal("none", error="must be none if it is given"),
        metadata={"description": "`none` omits the events, and adds `createdAt` and `lastEventAt`."},
    )


class SessionsQuery(PageQuery):
    limit = WholeNumber(
        1, LARGEST_PAGE_OF_SESSIONS, load_default=50, metadata={"description": "The maximum number of items on a page."}
    )
    video_id = Text(
        data_key="videoId",
        attribute="videoId",
        validate=validate.Length(1, LONGEST_VIDEO_ID),
        metadata={"description": "Only sessions with this `videoId`."},
    )


class EventsQuery(PageQuery):
    limit = WholeNumber(
        1, LARGEST_PAGE_OF_EVENTS, load_default=100, metadata={"description": "The maximum number of items on a page."}
    )
    type = Text(validate=validate.Length(1, LONGEST_TYPE), metadata={"description": "Only events of this type."})
    since = QueryInstant(data_key="from", metadata={"description": "Only events at this instant or later."})
    until = QueryInstant(data_key="to", metadata={"description": "Only events before this instant."})

    @validates_schema
    def refuse_reversed(self, query: dict, **_) -> None:
        """Refuse `from` after `to`, which would select nothing."""
        if query.get("since", instants.EARLIEST) > query.get("until", instants.LATEST):
            raise ValidationError("must not be after 'to'", "from")


class EventsPage(Events):
    """A page of events."""

    next = fields.String(metadata={"description": "The `cursor` of the next page; absent on the last."})
    example = Events.example | {"next": "WzE3NzIzNTkyMzAwMDAwMDAsIjAwNjQyIix7fV0"}


class Sessions(Shape):
    """A page of sessions."""

    sessions = fields.List(
        fields.Nested(ListedSession), required=True, metadata={"description": "Sessions, newest first."}
    )
    next = fields.String(metadata={"description": "The `cursor` of the next page; absent on the last."})
    example = {"sessions": [ListedSession.example], "next": "WzE3NzIzNTkyMzAwMDAwMDAsIjVmMGMiLHt9XQ"}


class Deleted(Shape):
    message = fields.String(required=True, metadata={"description": "What was done."})
    example = {"message": "Session deleted successfully."}
