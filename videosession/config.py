"""The environment, read once into a frozen value, or an error that names the variable and what to do."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from dotenv import dotenv_values
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

PROJECT = Path(__file__).resolve().parent.parent


class ConfigError(Exception):
    """Settings with which the service must not start; its text is meant for the person who starts it."""

    def __init__(self, faults: list[str]):
        super().__init__("The service cannot start:\n" + "\n".join(f"  {fault}" for fault in faults))


def _mongodb_uri(text: str) -> str:
    """Take any MongoDB URI that PyMongo would; its value is never repeated, it may hold a password."""
    if not text.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("must begin with mongodb:// or mongodb+srv://, for example mongodb://localhost:27017")
    if text.startswith("mongodb+srv://"):
        return text  # reading it further would ask a DNS server, and starting waits for nobody
    try:
        parse_uri(text)
    except (PyMongoError, ValueError) as error:
        raise ValueError(f"is not a MongoDB URI: {error}") from None
    return text


def _secret(text: str) -> str:
    if (size := len(text.encode())) < 32:
        raise ValueError(
            f"is {size} bytes long and must be 32 or more (RFC 7518, 3.2); make one with"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return text


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise ValueError(f"is {text!r} and must be a whole number from {least} to {most}")
        return int(text)

    return read


def _setting(default, read: Callable = str):
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, kw_only=True)
class Config:
    """What the service was told. A setting's variable is its name in capitals; empty means unset."""

    mongodb_uri: str | None = _setting(None, _mongodb_uri)
    jwt_secret: str | None = _setting(None, _secret)
    jwt_previous_secret: str | None = _setting(None, _secret)
    port: int = _setting(3000, _whole_number(1, 65535))
    web_concurrency: int = _setting(2, _whole_number(1, 256))
    instance_path: Path = _setting(PROJECT / "instance", lambda text: Path(text).absolute())

    @property
    def is_embedded(self) -> bool:
        """Whether the service runs on its embedded database, for trying out."""
        return self.mongodb_uri is None

    @classmethod
    def read(cls, environment: Mapping[str, object]) -> "Config":
        """Read the settings out of `environment`, all faults at once in a ConfigError; other names are left alone."""
        values, faults = {}, []
        for setting in fields(cls):
            variable = setting.name.upper()
            text = str(environment.get(variable) or "").strip()
            try:
                values |= {setting.name: setting.metadata["read"](text)} if text else {}
            except ValueError as error:
                faults.append(f"{variable} {error}.")
        if environment.get("MONGODB_URI") and not environment.get("JWT_SECRET"):
            faults.append(
                "JWT_SECRET is not set, and with MONGODB_URI it must be: 32 bytes or more, the same for every process;"
                " make one with python3 -c 'import secrets; print(secrets.token_urlsafe(48))'."
            )
        if faults:
            raise ConfigError(faults)
        return cls(**values)


def environment() -> Mapping[str, str]:
    """Give the process's environment over what `.env` in the project says; FLASK_SKIP_DOTENV=1 leaves `.env` out."""
    if os.environ.get("FLASK_SKIP_DOTENV", "").lower() in ("1", "true"):
        return os.environ
    from_file = {name: value for name, value in dotenv_values(PROJECT / ".env").items() if value}
    return from_file | {name: value for name, value in os.environ.items() if value}
