"""Who is asking, and what the token covers.

    an owner's      from whoever the settings trust: by default whoever holds the secret
    an owner's      made by this service, HS256, marked by its own `aud`
    a player's      made by this service for one session, HS256, marked by another `aud`

The service's own are looked for first, with the secrets as the only keys; what the settings trust cannot be one.

Verifying a token costs more than all else that a small request does in Python, so verified ones are remembered, a
bounded number of them; the expiry is looked at on every use.
"""

import logging
import os
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache, wraps
from typing import NamedTuple

import jwt
from flask import Flask, current_app, g, request
from flask_jwt_extended import JWTManager, create_access_token

from videosession import exact_json
from videosession.config import OWNERS, PLAYERS, Config
from videosession.errors import Forbidden, ServiceError, Unauthenticated
from videosession.keys import LEEWAY_SECONDS, FixedKeys, Trust, trusted
from videosession.observability import SUBJECT

log = logging.getLogger(__name__)

READ, WRITE = "sessions:read", "sessions:write"
LONGEST_SUBJECT = 255
REMEMBERED_TOKENS = 1024

_EXPIRED = "The token has expired: get a new one."
_NOT_VALID = "The token is not valid here: it is malformed, signed by another, or meant for somebody else."


class Identity(NamedTuple):
    """Whom a verified token names: the owner, what they may do, and until when (seconds since the epoch).

    A player's names the one `session` that it may append to.
    """

    owner: str
    scopes: frozenset[str]
    expires_at: float
    session: str | None = None


def owner() -> str:
    """Name the owner on whose behalf the current request acts."""
    return g.identity.owner


def requires(scope: str, *, players: bool = False) -> Callable:
    """Let a request through to the view only with a token that covers `scope`.

    With `players` also with a player's token for the view's `session_id`: decided from the token alone.
    """

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(**arguments):
            g.identity = identity = _identify(request.environ.get("HTTP_AUTHORIZATION", ""))
            request.environ[SUBJECT] = identity.owner
            current_app.extensions["rate_limits"].count(identity.owner, identity.session)
            if identity.session is not None:
                _check_player(identity, arguments.get("session_id") if players else None)
            elif scope not in identity.scopes:
                raise Forbidden(f"The token does not cover this: it lacks the scope {scope}.")
            return view(**arguments)

        guarded.scope = scope
        guarded.players = players
        return guarded

    return decorate


def _check_player(identity: Identity, session_id: str | None) -> None:
    if identity.session != session_id:
        raise Forbidden("The token does not cover this: it is a player's, to append events to its one session.")


def is_subject(text: str) -> bool:
    """Tell whether a token's subject can own sessions: 1 to 255 characters that can be stored."""
    return 1 <= len(text) <= LONGEST_SUBJECT and not exact_json.text_fault(text)


def make_token(subject: str, lifetime: timedelta, **claims) -> str:
    """Make a token for `subject`, valid from now for `lifetime`; `claims` go into it, too, such as a scope."""
    return create_access_token(subject, expires_delta=lifetime, additional_claims={"aud": OWNERS} | claims)


def make_player_token(session_id: str, lifetime_seconds: int, *, owner: str) -> tuple[str, int]:
    """Make a token that appends events to one session of `owner`, and say when it ends, in seconds since 1970."""
    expires_at = int(time.time()) + lifetime_seconds
    claims = {"aud": PLAYERS, "session": session_id, "exp": expires_at}
    return create_access_token(owner, additional_claims=claims), expires_at


def _identify(header: str) -> Identity:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send the header Authorization: Bearer <token>; `flask token SUBJECT` prints a token.")
    identity = current_app.extensions["tokens"].identify(token)
    if identity.expires_at + LEEWAY_SECONDS <= time.time():
        raise Unauthenticated(_EXPIRED)
    return identity


class Tokens:
    """Reads tokens: the service's own, signed with a secret, and those of the `others` that the settings trust."""

    def __init__(self, secrets: FixedKeys, others: Trust):
        self._own = Trust(secrets, "HS256")
        self._others = others
        self._remembered = lru_cache(REMEMBERED_TOKENS)(self._verify)

    def identify(self, token: str) -> Identity:
        """Say whom a token names; Unauthenticated where it is not believed."""
        return self._remembered(token, self._others.keys.generation())

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
        """Read a token that this service made; the audience marks it, nothing else is read here."""
        try:
            claims = self._own.claims(token, check_audience=False)
        except jwt.InvalidTokenError:
            return None
        readers = {OWNERS: _owner, PLAYERS: _player}
        audience = claims.get("aud")
        return readers[audience](claims) if isinstance(audience, str) and audience in readers else None


def _owner(claims: dict) -> Identity:
    if claims.get("type") == "refresh":  # flask-jwt-extended's, which are good for nothing but new tokens
        raise Unauthenticated("The token is not an access token.")
    return Identity(_subject(claims), _scopes(claims), _expiry(claims))


def _player(claims: dict) -> Identity:
    return Identity(_subject(claims), frozenset(), _expiry(claims), str(claims["session"]))


def _subject(claims: dict) -> str:
    if not is_subject(claims["sub"]):
        raise Unauthenticated(f"The token's subject (sub) must be a text of 1 to {LONGEST_SUBJECT} characters.")
    return claims["sub"]


def _expiry(claims: dict) -> float:
    if not isinstance(claims["exp"], int | float):  # PyJWT takes digits in a text, too
        raise Unauthenticated("The token's expiry (exp) must be a number.")
    return claims["exp"]


def _scopes(claims: dict) -> frozenset[str]:
    """Read the scopes that speak of sessions (RFC 8693, 4.2: one text); a token without any has all of them."""
    listed = claims.get("scope")
    names = listed.split() if isinstance(listed, str) else listed if isinstance(listed, list) else []
    ours = frozenset(name for name in names if isinstance(name, str) and name.startswith("sessions:"))
    return ours or frozenset((READ, WRITE))


def _kept_secret(config: Config) -> str:
    """Read the secret made for trying out, or make it: once, whichever process is the first."""
    config.make_instance()
    path = config.instance_path / "jwt-secret"
    if not path.exists():
        draft = path.with_name(f".{path.name}-{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # fails where another was first, and then theirs is the secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def init_app(app: Flask, config: Config) -> None:
    """Make and verify tokens with the secret that `config` gives, or with one kept beside the embedded database."""
    secret = config.jwt_secret or _kept_secret(config)
    # Tokens never come in cookies, so none needs a claim against forged requests.
    app.config.update(JWT_SECRET_KEY=secret, JWT_ALGORITHM="HS256", JWT_COOKIE_CSRF_PROTECT=False)
    JWTManager(app)
    both = FixedKeys(*filter(None, (secret, config.jwt_previous_secret)))
    app.extensions["tokens"] = Tokens(both, trusted(config, both))
