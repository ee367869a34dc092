"""Stores other systems' logs as sessions, one for each viewing, while reading them as a stream.

The lines of a viewing may be anywhere in a log, in any order, since a session's events are sorted by their instants
and not by when they were stored. Only the events of the next batch are kept in memory.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

from cachetools import LRUCache
from marshmallow import ValidationError

from videosession.errors import Conflict, Invalid, NotFound
from videosession.exchange.records import Record, Unreadable, digest
from videosession.sessions.idempotency import content, keyed
from videosession.sessions.repository import SessionRepository
from videosession.sessions.schemas import LONGEST_TITLE, LONGEST_VIDEO_ID, MOST_EVENTS, NewEvent

MOST_WAITING = 5000  # events, of all sessions: some 10 MB
REMEMBERED_SESSIONS = 20_000
REPORTED_LINES = 10
LONGEST_NAME = 255


class Intake:
    """Stores records as sessions of an owner, and counts them; `pseudonym` replaces each user's name."""

    def __init__(self, repository: SessionRepository, owner: str, source: str, pseudonym: Callable[[str], str]):
        self.sessions = 0  # one that recurs after REMEMBERED_SESSIONS others is counted again
        self.events = 0
        self.deleted = 0  # events of sessions that have been deleted here
        self.broken = 0
        self.first_broken: list[str] = []  # line numbers, each with its fault
        self._repository, self._owner = repository, owner
        self._source, self._pseudonym = source, pseudonym
        self._ids: LRUCache[str, str | None] = LRUCache(REMEMBERED_SESSIONS)
        self._waiting: dict[str, dict[str, tuple[int, dict[str, Any]]]] = {}
        self._count = 0
        self._schema = NewEvent()

    def take(self, number: int, read: Callable[[], Iterator[Record | None]]) -> None:
        """Read a line and keep its events until there are enough to store; count it as broken if it is unreadable."""
        try:
            for record in read():
                if record is not None:
                    self._keep(number, record)
        except Unreadable as error:
            self._note(number, str(error))
        except ValidationError:
            self._note(number, "no event that can be stored")
        if self._count >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Store the waiting events."""
        for session_id, waiting in self._waiting.items():
            numbered = list(waiting.values())
            for start in range(0, len(numbered), MOST_EVENTS):
                self._store(session_id, numbered[start : start + MOST_EVENTS])
        self._waiting.clear()
        self._count = 0

    def messages(self) -> Iterator[str]:
        """Yield messages about what could not be stored."""
        if self.broken:
            numbers = ", ".join(self.first_broken) + (", …" if self.broken > REPORTED_LINES else "")
            yield f"{counted(self.broken, 'line')} could not be read or stored: {numbers}"
        if self.deleted:
            yield f"{counted(self.deleted, 'event')} of sessions that have been deleted were not stored."

    def _keep(self, number: int, record: Record) -> None:
        events = [self._schema.load(event) for event in record.events]
        session_id = self._session(record)
        if session_id is None:
            self.deleted += len(events)
            return
        waiting = self._waiting.setdefault(session_id, {})
        for event in events:
            _, earlier = waiting.setdefault(event["eventId"], (number, event))
            if earlier is event:
                self._count += 1
            elif content(earlier) != content(event):
                self._note(number, "another event has the same id")

    def _store(self, session_id: str, numbered: list[tuple[int, dict[str, Any]]]) -> None:
        """Store events; if the ids of some are taken by others, store the rest."""
        try:
            self._repository.append(session_id, [event for _, event in numbered], owner=self._owner)
        except NotFound:
            self.deleted += len(numbered)
        except (Conflict, Invalid):
            if len(numbered) == 1:
                self._note(numbered[0][0], "another event has the same id")
            else:
                for each in numbered:
                    self._store(session_id, [each])
        else:
            self.events += len(numbered)

    def _session(self, record: Record) -> str | None:
        """Return the id of a viewing's session, created if necessary; None if it has been deleted."""
        user = record.user and self._pseudonym(record.user)
        key = digest("\n".join([self._source, user, record.course, record.video, record.browser_session]).encode())
        if key not in self._ids:
            self._ids[key] = self._open(key, user, record)
            self.sessions += 1
        return self._ids[key]

    def _open(self, key: str, user: str, record: Record) -> str | None:
        named = {"viewerId": user, "course": record.course, "source": self._source} | record.metadata
        about = {
            "title": _bounded(record.title, LONGEST_TITLE),
            "description": "",
            "videoId": _bounded(record.video, LONGEST_VIDEO_ID),
            "metadata": {name: _bounded(value, LONGEST_NAME) for name, value in named.items() if value},
        }
        try:
            session_id: str = self._repository.create(owner=self._owner, key=key, **about)["_id"]
        except Conflict:
            return None
        except Invalid:  # an earlier import created the session with another title
            request = keyed(key, self._owner, "sessions", about)
            return request and request.id()
        return session_id

    def _note(self, number: int, fault: str) -> None:
        self.broken += 1
        if len(self.first_broken) < REPORTED_LINES:
            self.first_broken.append(f"{number} ({fault})")


def pseudonyms(salt: str) -> Callable[[str], str]:
    """Return a function that hashes names with a salt."""
    return lambda name: hmac.new(salt.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]


def counted(number: int, thing: str) -> str:
    """Return a number with its noun, such as `2 sessions`."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _bounded(text: str, most: int) -> str:
    """Return a text of at most `most` characters; a text that is cut ends in its digest."""
    return text if len(text) <= most else f"{text[: most - 33]}~{digest(text.encode())}"
