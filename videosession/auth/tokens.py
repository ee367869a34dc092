"""Tokens: who they identify and which scopes they have. Knows no request and no app.

    owner token     from an issuer that the settings trust: by default, anybody who has the secret
    owner token     made by this service, HS256, with the service's `aud` for owners
    player token    made by this service for one session, HS256, with the service's `aud` for players

The service's own tokens are tried first, with the secrets as the only keys, so no other issuer can make one.

Verifying a token takes longer than everything else that a small request does in Python, so up to REMEMBERED_TOKENS
verified tokens are cached; the expiry is checked on every use.
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
SUMMARY = "sessions:summary"  # the answers about whole videos, with small groups hidden
REMEMBERED_TOKENS = 1024

_SCOPES = frozenset((READ, WRITE, SUMMARY))
_UNLIMITED = frozenset((READ, WRITE))
# Scopes that identity providers add to every token of a user (OpenID Connect Core 1.0, 5.4 and 11).
_OPENID_CONNECT = frozenset(("openid", "profile", "email", "address", "phone", "offline_access"))

_EXPIRED = "The token has expired: get a new one."
_NOT_VALID = "The token is not valid: it is malformed, signed with another key, or issued for another audience."


class Identity(NamedTuple):
    """What a verified token says: the owner, the scopes, and the expiry (seconds since the epoch).

    A player token also names the one `session` that it may append to.
    """

    owner: str
    scopes: frozenset[str]
    expires_at: float
    session: str | None = None


def is_subject(text: str) -> bool:
    """Return whether a token's subject can own sessions: it must have 1 to 255 characters that can be stored."""
    return 1 <= len(text) <= LONGEST_SUBJECT and not exact_json.text_fault(text)


class Tokens:
    """Verifies tokens: the service's own, signed with a secret, and `others` that the settings trust."""

    def __init__(self, secrets: FixedKeys, others: Trust):
        self._own = Trust(secrets, "HS256")
        self._others = others
        self._remembered = lru_cache(REMEMBERED_TOKENS)(self._verify)

    def identify(self, token: str) -> Identity:
        """Return the identity of a token; Unauthenticated if it is invalid or has expired."""
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
        except (
            Exception
        ) as error:  # untrusted bytes may raise anything in the parsers; the token is invalid in any case
            log.debug("token refused: %s", error)
            raise Unauthenticated(_NOT_VALID) from None

    def _own_identity(self, token: str) -> Identity | None:
        """Return the identity of a token made by this service, whose audience says which kind it is; else None."""
        try:
            claims = self._own.claims(token, check_audience=False)
        except jwt.InvalidTokenError:
            return None
        readers = {OWNERS: _owner, PLAYERS: _player}
        audience = claims.get("aud")
        return readers[audience](claims) if isinstance(audience, str) and audience in readers else None


def _owner(claims: dict[str, Any]) -> Identity:
    if claims.get("type") == "refresh":  # flask-jwt-extended's, which are only for getting new access tokens
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
    if not isinstance(expiry, int | float):  # PyJWT also accepts a string of digits
        raise Unauthenticated("The token's expiry (exp) must be a number.")
    return expiry


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """Return the scopes of a token: those of its `scope` (RFC 8693, 4.2) and `scp` that the service knows.

    A token without these claims, or with only OpenID Connect's own scopes, was not meant to be limited here, so it may
    read and write.
    """
    if claims.keys().isdisjoint(("scope", "scp")):
        return _UNLIMITED
    names = frozenset[str]().union(*(_listed(claims[claim]) for claim in ("scope", "scp") if claim in claims))
    return _UNLIMITED if names and names <= _OPENID_CONNECT else names & _SCOPES


def _listed(claim: Any) -> frozenset[str]:
    """Return the names in a claim that is a string or a list; anything else counts as an unknown name."""
    names = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else [claim]
    return frozenset(name if isinstance(name, str) else "" for name in names)
