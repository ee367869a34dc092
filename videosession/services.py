"""The parts of the service that requests and commands use, created once for each app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app

if TYPE_CHECKING:  # these modules use services() themselves
    from videosession.auth.tokens import Tokens
    from videosession.config import Config
    from videosession.database import Database
    from videosession.database.engine import Engine
    from videosession.health import Readiness
    from videosession.observability import Observed
    from videosession.rate_limits import RateLimits
    from videosession.sessions.removal import Removal
    from videosession.sessions.repository import SessionRepository
    from videosession.sessions.transfer import Transfer
    from videosession.upkeep import Upkeep
    from videosession.videos.repository import VideoRepository


@dataclass(frozen=True)
class Services:
    """Every part by name; `description` returns the OpenAPI document as JSON, and `limits` are those of GET /api."""

    settings: Config
    database: Database
    engine: Engine
    sessions: SessionRepository
    removal: Removal
    transfer: Transfer
    videos: VideoRepository
    tokens: Tokens
    rate_limits: RateLimits
    readiness: Readiness
    upkeep: Upkeep
    observed: Observed
    limits: dict[str, dict[str, int]]
    description: Callable[[], bytes]


def services() -> Services:
    """Return the parts of the current app."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """Return the parts of `app`."""
    found: Services = app.extensions["videosession"]
    return found


def init_app(app: Flask, parts: Services) -> None:
    """Register the parts of `app` for its requests and commands."""
    app.extensions["videosession"] = parts
