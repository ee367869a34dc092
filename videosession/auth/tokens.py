"""Tokens: whom they name and what they cover. Knows no request and no app.

    an owner's      from whoever the settings trust: by default whoever holds the secret
    an owner's      made by this service, HS256, marked by its own `aud`
    a player's      made by this service for one session, HS256, marked by another `aud`

The service's own are looked for first, with the secrets as the only keys; what the settings trust cannot be one.

Verifying a token costs more than everything else that a small request does in Python, so verified tokens are cached, a
bounded number of them; the expiry is checked on every use.
"""

import logging
import time
from functools import lru_cache
from typing import Any, NamedTuple

import jwt

from videosession.auth.keys import LEEWAY_SECONDS, FixedKeys, Trust
from videosession.config import LONGEST_SUBJECT, OWNERS, PLAYERS
from videosession.contract import exact_json
from videosession.errors import ServiceError, Unauthenticated

log = logging.getLogger(__name__)

READ, WRITE = "sessions:read", "sessions:write"
SUMMARY = "sessions:summary"  # the views of whole videos, small groups hidden
REMEMBERED_TOKENS = 1024

_SCOPES = frozenset((READ, WRITE, SUMMARY))
_UNLIMITED = frozenset((READ, WRITE))
# What identity providers add to every token of a user (OpenID Connect Core 1.0, 5.4 and 11).
_OPENID_CONNECT = frozenset(("openid", "profile", "email", "address", "phone", "offline_access"))

_EXPIRED = "The token has expired: get a new one."
_NOT_VALID = "The token is not valid: it is malformed, signed with another key, or for another audience."


class Identity(NamedTuple):
    """Whom a verified token names: the owner, what they may do, and until when (seconds since the epoch).

    A player's names the one `session` that it may append to.
    """

    owner: str
    scopes: frozenset[str]
    expires_at: float
    session: str | None = None


def is_subject(text: str) -> bool:
    """Return whether a token's subject can own sessions: 1 to 255 characters that can be stored."""
    return 1 <= len(text) <= LONGEST_SUBJECT and not exact_json.text_fault(text)


class Tokens:
    """Reads tokens: the service's own, signed with a secret, and those of the `others` that the settings trust."""

    def __init__(self, secrets: FixedKeys, others: Trust):
        self._own = Trust(secrets, "HS256")
        self._others = others
        self._remembered = lru_cache(REMEMBERED_TOKENS)(self._verify)

    def identify(self, token: str) -> Identity:
        """Return whom a token names; Unauthenticated if it is invalid or has expired."""
        identity = self._remembered(token, self._others.keys.generation())
        if identity.expires_at + LEEWAY_SECONDS <= time.time():
            raise Unauthenticated(_EXPIRED)
        return identity

    def _verify(self, token: str, _generation: int) -> Identity:
        try:
            return self._own_identity(token) or _owner(self._others.claims(token))
        except ServiceError:
            raise
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(_EXPIRED) from None
        except Exception as error:  # whatever a stranger's bytes do to the parsers, their token is a bad one
            log.debug("token refused: %s", error)
            raise Unauthenticated(_NOT_VALID) from None

    def _own_identity(self, token: str) -> Identity | None:
        """Return whom a token made by this service names; its audience tells which kind it is."""
        try:
            claims = self._own.claims(token, check_audience=False)
        except jwt.InvalidTokenError:
            return None
        readers = {OWNERS: _owner, PLAYERS: _player}
        audience = claims.get("aud")
        return readers[audience](claims) if isinstance(audience, str) and audience in readers else None


def _owner(claims: dict[str, Any]) -> Identity:
    if claims.get("type") == "refresh":  # flask-jwt-extended's, which are good for nothing but new tokens
        raise Unauthenticated("The token is not an access token.")
    return Identity(_subject(claims), _scopes(claims), _expiry(claims))


def _player(claims: dict[str, Any]) -> Identity:
    return Identity(_subject(claims), frozenset(), _expiry(claims), str(claims["session"]))


def _subject(claims: dict[str, Any]) -> str:
    subject: str = claims["sub"]
    if not is_subject(subject):
        raise Unauthenticated(f"The token's subject (sub) must have 1 to {LONGEST_SUBJECT} characters.")
    return subject


def _expiry(claims: dict[str, Any]) -> float:
    expiry: float = claims["exp"]
    if not isinstance(expiry, int | float):  # PyJWT takes digits in a text, too
        raise Unauthenticated("The token's expiry (exp) must be a number.")
    return expiry


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """Return the scopes of a token: those of its `scope` (RFC 8693, 4.2) and `scp` that the service knows.

    A token without these claims, or with nothing but OpenID Connect's own scopes, was never meant to be limited here:
    it may read and write.
    """
    if claims.keys().isdisjoint(("scope", "scp")):
        return _UNLIMITED
    names = frozenset[str]().union(*(_listed(claims[claim]) for claim in ("scope", "scp") if claim in claims))
    return _UNLIMITED if names and names <= _OPENID_CONNECT else names & _SCOPES


def _listed(claim: Any) -> frozenset[str]:
    """Return the names in a claim, a text or a list; what is neither is a name that nobody knows."""
    names = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else [claim]
    return frozenset(name if isinstance(name, str) else "" for name in names)
