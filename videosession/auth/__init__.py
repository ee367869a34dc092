"""Authentication and authorization: the request's owner, and the scopes of its token."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Flask, g, request
from flask_jwt_extended import JWTManager, create_access_token

from videosession.auth.kept_secret import kept_secret
from videosession.auth.keys import FixedKeys, trusted
from videosession.auth.tokens import READ, SUMMARY, WRITE, Identity, Tokens, is_subject
from videosession.config import LONGEST_SUBJECT, OWNERS, PLAYERS, Config
from videosession.contract import bodies
from videosession.contract.decorators import View
from videosession.errors import Forbidden, Unauthenticated
from videosession.observability import SUBJECT
from videosession.services import services

__all__ = [
    "LONGEST_SUBJECT",
    "READ",
    "SUMMARY",
    "WRITE",
    "covers",
    "is_subject",
    "make_player_token",
    "make_token",
    "owner",
    "requires",
]


def owner() -> str:
    """Return the owner on whose behalf the current request acts."""
    identity: Identity = g.identity
    return identity.owner


def covers(scope: str) -> bool:
    """Return whether the current request's token covers `scope`."""
    identity: Identity = g.identity
    return scope in identity.scopes


def requires(scope: str, *, players: bool = False, instead: str | None = None) -> Callable[[View], View]:
    """Require a token with `scope` (or with `instead`) before the view is called.

    With `players`, a player token for the view's `session_id` is accepted, too; this needs no look at the database.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**arguments: Any) -> Any:
            g.identity = identity = _identify(request.environ.get("HTTP_AUTHORIZATION", ""))
            request.environ[SUBJECT] = identity.owner
            services().rate_limits.count(identity.owner, identity.session, bodies.announced_bytes())
            if identity.session is not None:
                _check_player(identity, arguments.get("session_id") if players else None)
            elif identity.scopes.isdisjoint((scope, instead)):
                raise Forbidden(f"The token lacks the scope {scope}.")
            return view(**arguments)

        vars(guarded).update(scope=scope, instead=instead, players=players)
        return guarded

    return decorate


def _check_player(identity: Identity, session_id: str | None) -> None:
    if identity.session != session_id:
        raise Forbidden("A player token can only append events to its own session.")


def make_token(subject: str, lifetime: timedelta, **claims: Any) -> str:
    """Return a token for `subject` that expires after `lifetime`, with further `claims`, such as a scope."""
    token: str = create_access_token(subject, expires_delta=lifetime, additional_claims={"aud": OWNERS} | claims)
    return token


def make_player_token(session_id: str, lifetime_seconds: int, *, owner: str) -> tuple[str, int]:
    """Return a token that may append events to one session of `owner`, and when it expires, in seconds since 1970."""
    expires_at = int(time.time()) + lifetime_seconds
    claims = {"aud": PLAYERS, "session": session_id, "exp": expires_at}
    return create_access_token(owner, additional_claims=claims), expires_at


def _identify(header: str) -> Identity:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send the header Authorization: Bearer <token>; `flask token SUBJECT` prints a token.")
    return services().tokens.identify(token)


def init_app(app: Flask, config: Config) -> Tokens:
    """Have `app` sign tokens with the secret in `config`, or else the generated one; return the verifier of tokens."""
    secret = config.jwt_secret or kept_secret(config)
    # Tokens are never sent in cookies, so they need no CSRF protection.
    app.config.update(JWT_SECRET_KEY=secret, JWT_ALGORITHM="HS256", JWT_COOKIE_CSRF_PROTECT=False)
    JWTManager(app)
    both = FixedKeys(*filter(None, (secret, config.jwt_previous_secret)))
    return Tokens(both, trusted(config, both))
