"""What this process last saw of sessions' `moved` counters: saves an append the query for it.

A stale value costs one more round trip, never more: every update that uses it compares it.
"""

import threading

from cachetools import LRUCache

REMEMBERED_SESSIONS = 10_000

Moved = int | None  # None where the session was stored by a version that did not count


class RecentlySeen:
    """The counters of the sessions used last; 0 for a session that is not among them, as most have."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moved: LRUCache[str, Moved] = LRUCache(REMEMBERED_SESSIONS)

    def moved(self, session_id: str) -> Moved:
        """Return the counter as it was last seen."""
        with self._lock:
            return self._moved.get(session_id, 0)

    def see(self, session_id: str, moved: Moved) -> None:
        """Remember the counter; 0 is what is assumed anyway."""
        with self._lock:
            if moved != 0:
                self._moved[session_id] = moved
            else:
                self._moved.pop(session_id, None)
