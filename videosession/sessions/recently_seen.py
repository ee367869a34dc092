"""A cache of sessions' `moved` counters, which saves appends a query.

A stale value costs only one more round trip, since every update that uses it compares it.
"""

import threading

from cachetools import LRUCache

REMEMBERED_SESSIONS = 10_000

Moved = int | None  # None if an older version stored the session, without a counter


class RecentlySeen:
    """The counters of recently used sessions; 0, as most sessions have, for all others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moved: LRUCache[str, Moved] = LRUCache(REMEMBERED_SESSIONS)

    def moved(self, session_id: str) -> Moved:
        """Return the counter as last seen."""
        with self._lock:
            return self._moved.get(session_id, 0)

    def see(self, session_id: str, moved: Moved) -> None:
        """Remember the counter; 0 is the default and is not stored."""
        with self._lock:
            if moved != 0:
                self._moved[session_id] = moved
            else:
                self._moved.pop(session_id, None)
