"""Export and import of a session as lines of JSON, from one database to another.

The first line is {"session": {id, owner, title, …, createdAt}}, and each further line is an event, in order. Only
operators' commands use this, without a token and without a deadline.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice

from marshmallow import Schema

from videosession import instants
from videosession.contract import bodies, exact_json
from videosession.errors import MOST_FAULTS, Conflict, Fault, Invalid, ServiceError
from videosession.sessions.repository import SessionRepository
from videosession.sessions.schemas import CONTENT
from videosession.sessions.transfer_schemas import ExportedEvent, FirstLine

EVENTS_AT_ONCE = 1000


LARGEST_LINE = 4 * 1024 * 1024  # an event has at most one megabyte, before anything in it is escaped


class NotImported(Exception):
    """The file cannot be imported: it is not an export, or its ids are taken."""


class Transfer:
    """Exports and imports sessions of any owner."""

    def __init__(self, repository: SessionRepository):
        self._repository = repository

    def count(self, session_id: str) -> int:
        """Return the number of a session's events; NotFound if there is no session."""
        return self._repository.count(session_id, owner=self._repository.owner_of(session_id))

    def lines(self, session_id: str) -> Iterator[dict]:
        """Yield a session, then each of its events; NotFound if there is none."""
        session, events = self._repository.read(session_id, owner=self._repository.owner_of(session_id))
        content = {field: session[field] for field in CONTENT if field in session}
        told = {"id": session_id, "owner": session["owner"]} | content
        yield {"session": told | {"createdAt": instants.write(session["createdAt"])}}
        yield from chain.from_iterable(events)

    def restore(self, lines: Iterable[bytes], owner: str | None = None) -> str:
        """Store the session in the lines, for `owner` if given, and return its id; NotImported.

        Existing data is not changed, so repeating an interrupted import completes it.
        """
        numbered = ((number, line) for number, line in enumerate(lines, 1) if not line.isspace())
        [session] = _load(FirstLine(many=True), [next(numbered, (1, b""))])
        owner = owner or session["session"].get("owner")
        if owner is None:
            raise NotImported("The file has no owner: use --owner.")
        session_id = self._restore_session(session["session"], owner)
        while batch := list(islice(numbered, EVENTS_AT_ONCE)):
            events = _load(ExportedEvent(many=True), batch)
            with _refused(batch):
                self._repository.append(session_id, events, owner=owner)
        return session_id

    def _restore_session(self, told: dict, owner: str) -> str:
        content = {field: told[field] for field in CONTENT if field in told}
        session = {"_id": told["id"], **content, "createdAt": told["createdAt"].microseconds}
        stored = self._repository.restore(session, owner=owner)
        if stored is None:
            return told["id"]
        if "deletedAt" in stored:
            raise NotImported(f"The session {told['id']} has been deleted here; it can be imported a day after that.")
        if stored["owner"] != owner or instants.write(stored["createdAt"]) != instants.write(session["createdAt"]):
            raise NotImported(f"Another session with the id {told['id']} exists here.")
        return told["id"]


def _load(loader: Schema, numbered: list[tuple[int, bytes]]) -> list[dict]:
    values = []
    for number, line in numbered:
        if len(line) > LARGEST_LINE:
            raise NotImported(f"Line {number} is larger than {LARGEST_LINE} bytes.")
        try:
            values.append(exact_json.read(line))
        except ServiceError as error:
            detail = error.detail.removeprefix("The body ")  # is not JSON, or not UTF-8
            raise NotImported(f"Line {number}{' ' if detail != error.detail else ': '}{detail}") from None
    with _refused(numbered):
        return bodies.load_value(loader, values)


@contextmanager
def _refused(numbered: list[tuple[int, bytes]]) -> Iterator[None]:
    """Raise faults in a batch of lines as NotImported, with the lines' numbers."""
    try:
        yield
    except (Conflict, Invalid) as error:
        told = (_tell(fault, numbered) for fault in error.faults[:MOST_FAULTS])
        raise NotImported("\n".join(told)) from None


def _tell(fault: Fault, numbered: list[tuple[int, bytes]]) -> str:
    _, place, *steps = fault.pointer.split("/")
    return f"Line {numbered[int(place)][0]}: /{'/'.join(steps)}: {fault.detail}"
