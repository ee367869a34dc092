"""The settings, read once from the environment into a frozen object; an error names the variable and what to do."""

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

LONGEST_SUBJECT = 255  # of a token: characters
OWN_AUDIENCES = OWNERS, PLAYERS = "videosession", "videosession:player"  # of the tokens that the service makes
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ORIGIN = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_SCHEMES = ("mongodb://", "mongodb+srv://")
_DIGITS = re.compile(r"[0-9]{1,9}")
_QUOTED = re.compile(r"\"[^\"]*\"")
PROJECT = Path(__file__).resolve().parent.parent


class ConfigError(Exception):
    """The settings are invalid, so the service must not start; the message tells the operator what to do."""

    def __init__(self, faults: list[str]):
        super().__init__("The service cannot start:\n" + "\n".join(f"  {fault}" for fault in faults))


class Rate(NamedTuple):
    """A rate limit: requests per second, and the size of a burst."""

    per_second: int
    burst: int


def _mongodb_uri(text: str) -> str:
    """Return a MongoDB URI that PyMongo accepts; messages never quote it, since it may hold a password."""
    if not text.startswith(_SCHEMES):
        raise ValueError("must begin with mongodb:// or mongodb+srv://, for example mongodb://localhost:27017")
    try:
        if text.startswith(_SCHEMES[0]):
            parse_uri(text)  # for mongodb+srv this would query DNS, and starting must not wait for a network
        MongoClient(text, connect=False)
    except OSError as error:
        raise ValueError(f"names a file that cannot be read: {error.strerror}") from None
    except (PyMongoError, ValueError) as error:
        raise ValueError(f"is not a MongoDB URI: {_QUOTED.sub('…', str(error)).rstrip('.')}") from None
    return text


def _secret(text: str) -> str:
    if (size := len(text.encode())) < 32:
        raise ValueError(
            f"is {size} bytes long and must be 32 or more (RFC 7518, 3.2); generate one with"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return text


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (_DIGITS.fullmatch(text) and least <= int(text) <= most):
            raise ValueError(f"is {text!r} and must be a whole number from {least} to {most}")
        return int(text)

    return read


def _rate(text: str) -> Rate | None:
    if text.lower() == "off":
        return None
    numbers = re.fullmatch(r"([1-9][0-9]{0,5}):([1-9][0-9]{0,6})", text)
    if not numbers or int(numbers[1]) > int(numbers[2]):
        raise ValueError(
            f"is {text!r} and must be requests per second, a colon and a burst size, as in 100:500, or off"
        )
    return Rate(int(numbers[1]), int(numbers[2]))


def _redis_url(text: str) -> str:
    """Return the URL of a Redis; messages never quote it, since it may hold a password."""
    if not text.startswith(("redis://", "rediss://")):
        raise ValueError("must begin with redis:// or rediss://, for example redis://localhost:6379/0")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.upper() not in words:
            raise ValueError(f"is {text!r} and must be one of {', '.join(words)}")
        return text.upper()

    return read


def _public_key(text: str) -> str:
    """Return a public key in PEM, given directly or as the path of a file."""
    if not text.startswith("-----BEGIN"):
        try:
            text = Path(text).read_text().strip()
        except (OSError, ValueError) as error:
            raise ValueError(f"is neither a key in PEM nor a file that can be read: {error}") from None
    if not text.startswith(("-----BEGIN PUBLIC KEY-----", "-----BEGIN RSA PUBLIC KEY-----")):
        raise ValueError("must be a public key in PEM, which begins with -----BEGIN PUBLIC KEY-----")
    return text.replace("\\n", "\n")


def _https_url(text: str) -> str:
    """Return a URL with https, so that no other host can impersonate the server."""
    try:
        url = urlsplit(text)
        host = url.hostname
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    if not host or url.scheme != "https" and not (url.scheme == "http" and host in _LOOPBACK):
        raise ValueError("must begin with https:// (or http:// for this machine) and have a host")
    return text


def _origins(text: str) -> frozenset[str]:
    """Return origins as browsers write them (RFC 6454, 6.2), or * for all."""
    origins = frozenset(text.replace(",", " ").split())
    for origin in origins - {"*"}:
        if not _ORIGIN.fullmatch(origin) or origin.endswith(_DEFAULT_PORTS[origin.partition(":")[0]]):
            raise ValueError(
                f"has {origin!r} and must list origins as browsers send them, such as https://player.example or"
                " http://localhost:8080: in lower case, without a default port, path or trailing slash; or * for all"
            )
    return origins


def _metadata_keys(text: str) -> frozenset[str]:
    """Return paths in the metadata of sessions, such as variant or plan.name."""
    keys = frozenset(key.removeprefix("metadata.") for key in text.replace(",", " ").split())
    for key in keys:
        if not all(step and not step.startswith("$") for step in key.split(".")):
            raise ValueError(f"has {key!r} and must be metadata keys separated by commas, as in variant,country")
    return keys


def _audience(text: str) -> str:
    if text in OWN_AUDIENCES:
        raise ValueError("must not be an audience of the service's own tokens")
    return text


def _setting(default, read: Callable = str):
    return field(default=default, metadata={"read": read})


_IN_PRODUCTION = {"rate_limit": Rate(100, 500), "player_rate_limit": Rate(10, 50)}


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings; each one's environment variable is its name in capitals, and an empty one counts as unset."""

    mongodb_uri: str | None = _setting(None, _mongodb_uri)
    jwt_secret: str | None = _setting(None, _secret)
    jwt_previous_secret: str | None = _setting(None, _secret)
    jwt_algorithm: str = _setting("HS256", _one_of("HS256", "RS256", "ES256"))
    jwt_public_key: str | None = _setting(None, _public_key)
    jwt_jwks_url: str | None = _setting(None, _https_url)
    jwt_issuer: str | None = _setting(None)
    jwt_audience: str | None = _setting(None, _audience)
    rate_limit: Rate | None = _setting(None, _rate)
    player_rate_limit: Rate | None = _setting(None, _rate)
    rate_limit_store: str | None = _setting(None, _redis_url)
    cors_origins: frozenset[str] = _setting(frozenset(), _origins)
    retention_days: int | None = _setting(None, _whole_number(1, 36500))
    smallest_group: int = _setting(5, _whole_number(1, 1_000_000))
    summary_keys: frozenset[str] = _setting(frozenset(), _metadata_keys)
    summed_above: int = _setting(20_000, _whole_number(1, 20_000))
    metrics_token: str | None = _setting(None, _secret)
    log_level: str = _setting("INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR"))
    port: int = _setting(3000, _whole_number(1, 65535))
    web_concurrency: int = _setting(2, _whole_number(1, 256))
    instance_path: Path = _setting(PROJECT / "instance", lambda text: Path(text).absolute())

    @property
    def is_embedded(self) -> bool:
        """Return whether the service runs on its embedded database, for trying out."""
        return self.mongodb_uri is None

    @classmethod
    def read(cls, environment: Mapping[str, object]) -> "Config":
        """Read the settings from `environment`, ignoring other names; a ConfigError lists all faults at once."""
        readers = {setting.name.upper(): setting.metadata["read"] for setting in fields(cls)}
        given = {name: text for name in readers if (text := str(environment.get(name) or "").strip())}
        values, faults = {}, []
        for variable, text in given.items():
            try:
                values[variable.lower()] = readers[variable](text)
            except ValueError as error:
                faults.append(f"{variable} {error}.")
        faults += _contradictions(given)
        if faults:
            raise ConfigError(faults)
        return cls(**(_IN_PRODUCTION if "mongodb_uri" in values else {}) | values)

    def make_instance(self) -> None:
        """Create the instance directory, for local data; ConfigError if that fails."""
        try:
            self.instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self.instance_path, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            place = str(self.instance_path)
            raise ConfigError(
                [f"INSTANCE_PATH is {place!r}, where the service cannot write: {error.strerror}."]
            ) from None


def _contradictions(given: Mapping[str, str]) -> Iterator[str]:
    """Yield a message for each contradiction between settings."""
    if "MONGODB_URI" in given and "JWT_SECRET" not in given:
        yield (
            "JWT_SECRET is not set, but required with MONGODB_URI: 32 bytes or more, the same for every process;"
            " generate one with python3 -c 'import secrets; print(secrets.token_urlsafe(48))'."
        )
    keys = [variable for variable in ("JWT_PUBLIC_KEY", "JWT_JWKS_URL") if variable in given]
    if len(keys) == 2:
        yield "JWT_PUBLIC_KEY and JWT_JWKS_URL are both set: leave one of them out."
    algorithm = given.get("JWT_ALGORITHM", "HS256").upper()
    if keys and algorithm == "HS256":
        yield f"{keys[0]} is set, so JWT_ALGORITHM must be the algorithm of its keys: RS256 or ES256."
    if not keys and algorithm in ("RS256", "ES256"):
        yield f"JWT_ALGORITHM is {algorithm}, which needs a key: set JWT_PUBLIC_KEY or JWT_JWKS_URL."


def environment() -> Mapping[str, str]:
    """Return the environment, completed from the project's `.env` unless FLASK_SKIP_DOTENV is 1."""
    if os.environ.get("FLASK_SKIP_DOTENV", "").lower() in ("1", "true"):
        return os.environ
    from_file = {name: value for name, value in dotenv_values(PROJECT / ".env").items() if value}
    return from_file | {name: value for name, value in os.environ.items() if value}
