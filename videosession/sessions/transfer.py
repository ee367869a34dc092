"""A session as lines of JSON: out of one database, and into another.

The first line is {"session": {id, owner, title, …, createdAt}}, each further one an event, in order. Operators use it,
from commands: nobody is asked for a token, and it may take as long as it takes.
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
    """What cannot be imported: the file is not what an export writes, or other things have its ids here."""


class Transfer:
    """Exports and imports sessions of any owner."""

    def __init__(self, repository: SessionRepository):
        self._repository = repository

    def count(self, session_id: str) -> int:
        """Return how many events a session has, by counting them; NotFound where there is none."""
        return self._repository.count(session_id, owner=self._repository.owner_of(session_id))

    def lines(self, session_id: str) -> Iterator[dict]:
        """Yield a session, and then each of its events; NotFound where there is none."""
        session, events = self._repository.read(session_id, owner=self._repository.owner_of(session_id))
        content = {field: session[field] for field in CONTENT if field in session}
        told = {"id": session_id, "owner": session["owner"]} | content
        yield {"session": told | {"createdAt": instants.write(session["createdAt"])}}
        yield from chain.from_iterable(events)

    def restore(self, lines: Iterable[bytes], owner: str | None = None) -> str:
        """Store the session that the lines tell, for `owner` if that is given, and give its id; NotImported.

        What is there already stays as it is, so an import that was cut off is completed by another.
        """
        numbered = ((number, line) for number, line in enumerate(lines, 1) if not line.isspace())
        [session] = _load(FirstLine(many=True), [next(numbered, (1, b""))])
        owner = owner or session["session"].get("owner")
        if owner is None:
            raise NotImported("The file does not name the owner: use --owner.")
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
            raise NotImported(f"The session {told['id']} was deleted here; its tombstone stays for a day.")
        if stored["owner"] != owner or instants.write(stored["createdAt"]) != instants.write(session["createdAt"]):
            raise NotImported(f"Another session has the id {told['id']} here.")
        return told["id"]


def _load(loader: Schema, numbered: list[tuple[int, bytes]]) -> list[dict]:
    values = []
    for number, line in numbered:
        if len(line) > LARGEST_LINE:
            raise NotImported(f"Line {number} is larger than {LARGEST_LINE} bytes.")
        try:
            values.append(exact_json.read(line))
        except ServiceError as error:
            raise NotImported(f"Line {number}: {error.detail}") from None
    with _refused(numbered):
        return bodies.load_value(loader, values)


@contextmanager
def _refused(numbered: list[tuple[int, bytes]]) -> Iterator[None]:
    """Tell the faults of many things by the numbers of their lines."""
    try:
        yield
    except (Conflict, Invalid) as error:
        told = (_tell(fault, numbered) for fault in error.faults[:MOST_FAULTS])
        raise NotImported("\n".join(told)) from None


def _tell(fault: Fault, numbered: list[tuple[int, bytes]]) -> str:
    _, place, *steps = fault.pointer.split("/")
    return f"Line {numbered[int(place)][0]}: /{'/'.join(steps)}: {fault.detail}"
