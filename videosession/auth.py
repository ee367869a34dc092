"""Who is asking, and what the token covers: HS256 tokens with an expiry, the algorithm fixed here.

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
from pathlib import Path
from typing import NamedTuple

from flask import Flask, current_app, g, request
from flask_jwt_extended import JWTManager, create_access_token, decode_token

from videosession.config import Config
from videosession.errors import Forbidden, Unauthenticated

log = logging.getLogger(__name__)

READ, WRITE = "sessions:read", "sessions:write"
LEEWAY_SECONDS = 30
LONGEST_SUBJECT = 255
REMEMBERED_TOKENS = 1024


class Identity(NamedTuple):
    """Whom a verified token names: the owner, what they may do, and until when (seconds since the epoch)."""

    owner: str
    scopes: frozenset[str]
    expires_at: float


def owner() -> str:
    """Name the owner on whose behalf the current request acts."""
    return g.identity.owner


def requires(scope: str) -> Callable:
    """Let a request through to the view only with a token that covers `scope`."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(**arguments):
            g.identity = _identify(request.headers.get("Authorization", ""))
            if scope not in g.identity.scopes:
                raise Forbidden(f"The token does not cover this: it lacks the scope {scope}.")
            return view(**arguments)

        guarded.scope = scope
        return guarded

    return decorate


def make_token(subject: str, lifetime: timedelta, **claims) -> str:
    """Make a token for `subject`, valid from now for `lifetime`; `claims` go into it, too, such as a scope."""
    return create_access_token(subject, expires_delta=lifetime, additional_claims=claims)


def _identify(header: str) -> Identity:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send the header Authorization: Bearer <token>; `flask token SUBJECT` prints a token.")
    identity = current_app.extensions["verified_tokens"](token)
    if identity.expires_at + LEEWAY_SECONDS <= time.time():
        raise Unauthenticated("The token has expired: get a new one.")
    return identity


def _verify(token: str) -> Identity:
    try:
        claims = decode_token(token)
    except Exception as error:  # whatever a stranger's bytes do to the parsers, their token is a bad one
        log.debug("token refused: %s", error)
        raise Unauthenticated("The token is not valid here: it is malformed, expired, or signed by another.") from None
    return _read_claims(claims)


def _read_claims(claims: dict) -> Identity:
    """Read what flask-jwt-extended leaves to its user: it takes tokens without expiry and for any audience."""
    subject, expires_at = claims.get("sub"), claims.get("exp")
    if not isinstance(expires_at, int | float):
        raise Unauthenticated("The token has no expiry (exp): it must have one.")
    if "aud" in claims:
        raise Unauthenticated("The token is meant for another audience (aud).")
    if claims["type"] != "access":
        raise Unauthenticated("The token is not an access token.")
    if not isinstance(subject, str) or not 1 <= len(subject) <= LONGEST_SUBJECT:
        raise Unauthenticated(f"The token's subject (sub) must be a text of 1 to {LONGEST_SUBJECT} characters.")
    return Identity(subject, _scopes(claims), expires_at)


def _scopes(claims: dict) -> frozenset[str]:
    """Read the scopes that speak of sessions (RFC 8693, 4.2: one text); a token without any has all of them."""
    listed = claims.get("scope")
    names = listed.split() if isinstance(listed, str) else listed if isinstance(listed, list) else []
    ours = frozenset(name for name in names if isinstance(name, str) and name.startswith("sessions:"))
    return ours or frozenset((READ, WRITE))


def _kept_secret(path: Path) -> str:
    """Read the secret made for trying out, or make it: once, whichever process is the first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
    """Verify tokens with the secret that `config` gives, or with one kept beside the embedded database."""
    app.config.update(
        JWT_SECRET_KEY=config.jwt_secret or _kept_secret(config.instance_path / "jwt-secret"),
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_DECODE_LEEWAY=LEEWAY_SECONDS,
    )
    JWTManager(app)
    app.extensions["verified_tokens"] = lru_cache(REMEMBERED_TOKENS)(_verify)
