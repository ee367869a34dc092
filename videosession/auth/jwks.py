"""The keys that an identity provider publishes at a URL (a JWKS, RFC 7517), fetched in the background.

A thread fetches them every few minutes. Requests use the last set that was fetched, even while the provider is
unavailable. Only a request whose token has an unknown key waits briefly for a fetch, and whatever clients send, there
is at most one such fetch in 30 seconds. PyJWT's own client (2.15, which also refuses redirects and has a cool-down)
fetches within the request, and has no keys once its cache has expired while the provider is unavailable.
"""

import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any

import jwt
import orjson

from videosession.errors import KeysUnavailable

log = logging.getLogger(__name__)

FRESH_SECONDS = 600
KEPT_SECONDS = 24 * 3600  # while the provider does not answer
PAUSE_SECONDS = 30
PAUSE_AFTER_FAILURE_SECONDS = 5
WAIT_SECONDS = 2  # for a request, and for each step of a fetch
FETCH_SECONDS = 10
LARGEST_BYTES = 256 * 1024
MOST_KEYS = 32
MOST_WAITING = 4  # requests at once, of a worker's nine threads: anybody can make a token that names an unknown key


def check(key: Any, algorithm: str) -> Any:
    """Return the key in the form that the algorithm uses; jwt.InvalidKeyError if it is weak or does not fit."""
    method = jwt.get_algorithm_by_name(algorithm)
    usable = method.prepare_key(key)
    if weakness := method.check_key_length(usable):
        raise jwt.InvalidKeyError(weakness)
    return usable


class PublishedKeys:
    """The keys at `url` that may sign with `algorithm`; `clock` is a monotonic clock, in seconds."""

    def __init__(self, url: str, algorithm: str, clock: Callable[[], float] = time.monotonic):
        self._url = url
        self._algorithm = algorithm
        self._clock = clock
        self._lock = threading.Lock()
        self._seats = threading.Semaphore(MOST_WAITING)
        self._published = b""
        self._keys: list[jwt.PyJWK] = []
        self._generation = 0
        self._is_unavailable = False
        self._fetching: threading.Thread | None = None
        self._fetched_at = self._next_fetch_at = float("-inf")

    def generation(self) -> int:
        """Return the number of the current set of keys; if it is stale, start a fetch."""
        if self._clock() - self._fetched_at > FRESH_SECONDS:
            self._fetch()
            self._forget()
        return self._generation

    def find(self, token: str) -> Sequence[jwt.PyJWK]:
        """Return the keys that may have signed the token; KeysUnavailable if none have been fetched."""
        header = jwt.get_unverified_header(token)
        if header["alg"] != self._algorithm:
            return ()
        found = self._named(header.get("kid"))
        if not found:
            if (fetching := self._fetch()) and not (self._is_unavailable and self._published):
                self._wait_for(fetching)
            found = self._named(header.get("kid"))  # also if a fetch ended meanwhile
        if not self._published:
            raise KeysUnavailable
        return found

    def _wait_for(self, fetching: threading.Thread) -> None:
        """Wait briefly for a fetch; KeysUnavailable if too many requests are waiting already."""
        if not self._seats.acquire(blocking=False):
            raise KeysUnavailable
        try:
            fetching.join(WAIT_SECONDS)
        finally:
            self._seats.release()

    def _named(self, name: str | None) -> list[jwt.PyJWK]:
        return [key for key in self._keys if name is None or key.key_id == name]

    def _fetch(self) -> threading.Thread | None:
        """Return the running fetch, or start one; None if the last one was too recent."""
        with self._lock:
            if self._fetching and self._fetching.is_alive():
                return self._fetching
            if self._clock() < self._next_fetch_at:
                return None
            self._fetching = threading.Thread(target=self._refresh, name="jwks", daemon=True)
            self._fetching.start()
            return self._fetching

    def _refresh(self) -> None:
        try:
            published = _download(self._url)
            keys = _usable(published, self._algorithm)
        except (OSError, HTTPException, ValueError) as error:  # urllib's errors are OSErrors
            log.warning("the keys of JWT_JWKS_URL could not be fetched: %s", error)
            self._is_unavailable = True
            self._next_fetch_at = self._clock() + PAUSE_AFTER_FAILURE_SECONDS
            return
        with self._lock:
            self._is_unavailable = False
            self._fetched_at = self._clock()
            self._next_fetch_at = self._fetched_at + PAUSE_SECONDS
            self._replace(keys, published)

    def _forget(self) -> None:
        """Drop keys that are too old, even while a fetch does not end."""
        with self._lock:
            if self._clock() - self._fetched_at > KEPT_SECONDS:
                self._replace([], b"")

    def _replace(self, keys: list[jwt.PyJWK], published: bytes) -> None:
        if published != self._published:
            self._keys, self._published = keys, published
            self._generation += 1
            log.info("JWT_JWKS_URL has %d keys for %s", len(keys), self._algorithm)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, so that only the setting decides where keys come from."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _download(url: str) -> bytes:
    opener = urllib.request.build_opener(_NoRedirects)
    ends_at = time.monotonic() + FETCH_SECONDS
    body = b""
    with opener.open(url, timeout=WAIT_SECONDS) as answer:
        while piece := answer.read1(LARGEST_BYTES):
            body += piece
            if len(body) > LARGEST_BYTES or time.monotonic() > ends_at:
                raise ValueError(f"the answer is above {LARGEST_BYTES} bytes or takes longer than {FETCH_SECONDS} s")
    return body


def _usable(body: bytes, algorithm: str) -> list[jwt.PyJWK]:
    """Return the keys in a JWKS that may sign with the algorithm; ValueError if it is not a JWKS."""
    published = orjson.loads(body)
    if not isinstance(published, dict) or not isinstance(published.get("keys"), list):
        raise ValueError("the answer is not a JWKS")
    keys = (_usable_key(described, algorithm) for described in published["keys"][:MOST_KEYS])
    return [key for key in keys if key]


def _usable_key(described: Any, algorithm: str) -> jwt.PyJWK | None:
    if not isinstance(described, dict) or described.get("use", "sig") != "sig":
        return None
    if described.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(described, algorithm)
        check(key.key, algorithm)
        return key
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        log.info("a key at JWT_JWKS_URL cannot be used: %s", error)
        return None
