"""The keys that verify tokens; they and their algorithm come from the settings, never from a token."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import jwt
from jwt.types import Options

from videosession.auth.jwks import PublishedKeys, check
from videosession.config import Config, ConfigError

LEEWAY_SECONDS = 30


class Keys(Protocol):
    """The keys that verify signatures."""

    def generation(self) -> int:
        """Return the number of the current set of keys; when it changes, cached tokens are verified again."""

    def find(self, token: str) -> Sequence[Any]:
        """Return the keys that may have signed the token."""


class FixedKeys:
    """Keys that do not change while the process runs."""

    def __init__(self, *keys: Any):
        self._keys = keys

    def generation(self) -> int:
        return 0

    def find(self, token: str) -> Sequence[Any]:
        return self._keys


class Trust(NamedTuple):
    """Keys, their one algorithm, and the issuer and audience that tokens must name."""

    keys: Keys
    algorithm: str
    issuer: str | None = None
    audience: str | None = None

    def claims(self, token: str, *, check_audience: bool = True) -> dict[str, Any]:
        """Return the claims of a verified token; jwt.InvalidTokenError says why it is refused."""
        refusal = jwt.InvalidTokenError("no key is known for it")
        for key in self.keys.find(token):
            try:
                return self._claims(token, key, check_audience)
            except jwt.InvalidSignatureError as error:
                refusal = error
        raise refusal

    def _claims(self, token: str, key: Any, check_audience: bool) -> dict[str, Any]:
        options: Options = {"require": ["exp", "sub"], "verify_aud": check_audience, "enforce_minimum_key_length": True}
        return jwt.decode(
            token,
            key,
            algorithms=[self.algorithm],
            issuer=self.issuer,
            audience=self.audience,
            leeway=LEEWAY_SECONDS,
            options=options,
        )


def trusted(config: Config, secrets: FixedKeys) -> Trust:
    """Return which tokens the settings trust; ConfigError if the key cannot be used."""
    return Trust(_keys(config, secrets), config.jwt_algorithm, config.jwt_issuer, config.jwt_audience)


def _keys(config: Config, secrets: FixedKeys) -> Keys:
    if config.jwt_algorithm == "HS256":
        return secrets
    if not jwt.algorithms.has_crypto:
        raise ConfigError(
            [
                f"JWT_ALGORITHM is {config.jwt_algorithm}, and the package that it needs is not installed:"
                " install it with `pip install -r requirements-optional.txt`."
            ]
        )
    if config.jwt_jwks_url:
        return PublishedKeys(config.jwt_jwks_url, config.jwt_algorithm)
    return FixedKeys(_public_key(config.jwt_public_key, config.jwt_algorithm))


def _public_key(pem: str | None, algorithm: str) -> Any:
    try:
        return check(pem, algorithm)
    except (jwt.InvalidKeyError, TypeError, ValueError) as error:
        raise ConfigError([f"JWT_PUBLIC_KEY is not a key for JWT_ALGORITHM {algorithm}: {error}."]) from None
