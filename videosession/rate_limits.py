"""Rate limits: per subject, for the players of a session, and for all players of a subject.

Each has a bucket of `burst` requests that refills at a steady rate. The buckets belong to this process or, in a shared
store, to all processes. Only requests with a valid token are counted: others are refused before they reach the
database. To limit those, use a proxy in front of the service that limits by address.
"""

import logging
import math
import threading
import time
from collections.abc import Callable

from videosession.config import Config, ConfigError, Rate
from videosession.errors import TooManyRequests

log = logging.getLogger(__name__)

MOST_BUCKETS = 20_000  # 3 MB; the least recently used one is dropped
BYTES_A_REQUEST = 256 * 1024  # a body of 8 MiB costs the service some 32 times as much as a small one
STORE_SECONDS = 0.25
STORE_AWAY_SECONDS = 5


class Buckets:
    """Buckets in this process, each stored as the instant when it will be full (GCRA, ITU-T I.371).

    The library for the shared store also has one in memory, but starts a thread for each request: 70 µs, measured.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic):
        self._interval = 1 / rate.per_second
        self._depth = rate.burst / rate.per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: dict[str, float] = {}

    def wait_seconds(self, name: str, cost: int = 1) -> float:
        """Take `cost` requests from a bucket and return 0, or return the seconds until it has that many."""
        needed = min(self._interval * cost, self._depth)  # a cost above a full bucket would be refused for ever
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.pop(name, now), now)
            wait = full_at + needed - now - self._depth
            # Without this tolerance for rounding, the last request of a burst would be refused.
            self._full_at[name] = full_at if wait > 1e-9 else full_at + needed
            if len(self._full_at) > MOST_BUCKETS:
                del self._full_at[next(iter(self._full_at))]
        return wait if wait > 1e-9 else 0


class SharedBuckets:
    """Counters in a store that all processes share; while it is unavailable, the process's own buckets are used.

    They count over the time in which a bucket would fill. The burst is the same, and the rate is the same or slightly
    lower; after a whole burst at once, nothing is admitted until that time is over.
    """

    def __init__(self, kind: str, rate: Rate, store, clock: Callable[[], float] = time.monotonic):
        import limits  # imported only if needed, since it takes memory
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._burst = rate.burst
        self._item = limits.RateLimitItemPerSecond(rate.burst, math.ceil(rate.burst / rate.per_second), kind)
        self._counter = SlidingWindowCounterRateLimiter(store)
        self._away = limits.errors.StorageError
        self._own = Buckets(rate)
        self._clock = clock
        self._retry_at = float("-inf")

    def wait_seconds(self, name: str, cost: int = 1) -> float:
        """Take `cost` requests from a bucket and return 0, or return the seconds until it has that many."""
        if self._clock() < self._retry_at:
            return self._own.wait_seconds(name, cost)
        try:
            if self._counter.hit(self._item, name, cost=min(cost, self._burst)):
                return 0
            return max(self._counter.get_window_stats(self._item, name).reset_time - time.time(), 0.001)
        except self._away as error:
            log.warning("RATE_LIMIT_STORE does not answer, each process counts for itself: %s", error)
            self._retry_at = self._clock() + STORE_AWAY_SECONDS
            return self._own.wait_seconds(name, cost)


class RateLimits:
    """The buckets of owners, of each session's players, and of all players of an owner; None means no limit."""

    def __init__(
        self,
        owners: Buckets | SharedBuckets | None,
        players: Buckets | SharedBuckets | None,
        together: Buckets | SharedBuckets | None,
    ):
        self._owners = owners
        self._players = players
        self._together = together

    def count(self, owner: str, session_id: str | None, body_bytes: int = 0) -> None:
        """Count a request of an owner, or of a player in its session and among its owner's players; TooManyRequests.

        Player tokens cost nothing, so without the limit for all players of an owner, the limits per session would not
        limit the total. Anybody can copy a player token from a page, so it never uses up its owner's own limit. A
        request counts once more for each 256 KiB of its body.
        """
        cost = 1 + body_bytes // BYTES_A_REQUEST
        own = [(self._owners, owner)] if session_id is None else [(self._players, session_id), (self._together, owner)]
        for buckets, name in own:
            if buckets and (wait := buckets.wait_seconds(name, cost)):
                raise TooManyRequests(math.ceil(wait))


def rate_limits(config: Config) -> RateLimits:
    """Return the rate limits that `config` sets."""
    store = _open_store(config.rate_limit_store)

    def buckets(kind: str, rate: Rate | None) -> Buckets | SharedBuckets | None:
        if rate is None:
            return None
        return Buckets(rate) if store is None else SharedBuckets(kind, rate, store)

    return RateLimits(
        buckets("owner", config.rate_limit),
        buckets("player", config.player_rate_limit),
        buckets("players", config.rate_limit),
    )


def _open_store(uri: str | None):
    if uri is None:
        return None
    try:
        from limits.storage import storage_from_string

        options = {"socket_timeout": STORE_SECONDS, "socket_connect_timeout": STORE_SECONDS}
        return storage_from_string(uri, wrap_exceptions=True, **options)
    except ImportError as error:
        missing = f"RATE_LIMIT_STORE is set, and needs a package that is not installed: {error}."
        raise ConfigError([f"{missing} Install it with `pip install -r requirements-optional.txt`."]) from None
    except ValueError as error:
        raise ConfigError([f"RATE_LIMIT_STORE cannot be used: {error}."]) from None
