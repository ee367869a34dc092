"""Rate limits: of a subject, of the players of a session, and of all players of a subject.

Each has a bucket of `burst` requests that refills at a steady rate. The buckets are this process's own, or, in
a shared store, those of all processes. Only whom a token names is counted: a stranger's request ends before anything is
asked of the database, and whoever needs to slow strangers down has to do it by address, in front of the service.
"""

import logging
import math
import threading
import time
from collections.abc import Callable

from videosession.config import Config, ConfigError, Rate
from videosession.errors import TooManyRequests

log = logging.getLogger(__name__)

MOST_BUCKETS = 20_000  # 3 MB; the one that was used least lately goes
BYTES_A_REQUEST = 256 * 1024  # a body of 8 MiB costs the service some 32 times as much as a small one
STORE_SECONDS = 0.25
STORE_AWAY_SECONDS = 5


class Buckets:
    """Buckets in this process: of each only the instant when it will be full (GCRA, ITU-T I.371).

    The library for the shared store starts a thread for each request with its store in memory: 70 µs, measured.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic):
        self._interval = 1 / rate.per_second
        self._depth = rate.burst / rate.per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: dict[str, float] = {}

    def wait_seconds(self, name: str, cost: int = 1) -> float:
        """Take `cost` requests from a bucket and return 0, or return the seconds until it has that many."""
        needed = min(self._interval * cost, self._depth)  # more than a full bucket has would be refused for ever
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.pop(name, now), now)
            wait = full_at + needed - now - self._depth
            # A hair is left for rounding, or the last of a burst would be refused.
            self._full_at[name] = full_at if wait > 1e-9 else full_at + needed
            if len(self._full_at) > MOST_BUCKETS:
                del self._full_at[next(iter(self._full_at))]
        return wait if wait > 1e-9 else 0


class SharedBuckets:
    """Counts that all processes share in a store; while that is unavailable, the process's own buckets.

    They count over the time in which a bucket would fill: the same burst, the same rate or a little less, and after a
    whole burst at once nothing until it is over.
    """

    def __init__(self, kind: str, rate: Rate, store, clock: Callable[[], float] = time.monotonic):
        import limits  # memory that only those pay who need it
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
    """The buckets of owners, of the players of a session, and of all players of an owner; None where not limited."""

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
        """Count a request at its owner, or one of a player at its session and at its owner's players; TooManyRequests.

        A token for a session costs nothing, so without the latter the players' limits would not add up to anything. A
        player's token, which anybody may have taken from a page, uses up nothing of its owner's own. A request counts
        once more for each 256 KiB of its body.
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
