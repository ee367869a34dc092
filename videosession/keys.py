"""Whose signatures are believed: the keys and the algorithm come from the settings, never from a token."""

from collections.abc import Sequence
from typing import NamedTuple

import jwt

LEEWAY_SECONDS = 30


class FixedKeys:
    """Keys that stay the same as long as the process runs."""

    def __init__(self, *keys):
        self._keys = keys

    def generation(self) -> int:
        """Number the present set of keys: what was verified with another no longer counts."""
        return 0

    def find(self, token: str) -> Sequence:
        """Give the keys that may have signed the token."""
        return self._keys


class Trust(NamedTuple):
    """Keys, the one algorithm that is believed with them, and whom the tokens must name as issuer and audience."""

    keys: FixedKeys
    algorithm: str
    issuer: str | None = None
    audience: str | None = None

    def claims(self, token: str, *, check_audience: bool = True) -> dict:
        """Verify a token; jwt.InvalidTokenError says why it is not believed."""
        refusal = jwt.InvalidTokenError("no key is known for it")
        for key in self.keys.find(token):
            try:
                return self._claims(token, key, check_audience)
            except jwt.InvalidSignatureError as error:
                refusal = error
        raise refusal

    def _claims(self, token: str, key, check_audience: bool) -> dict:
        options = {"require": ["exp", "sub"], "verify_aud": check_audience, "enforce_minimum_key_length": True}
        return jwt.decode(
            token,
            key,
            algorithms=[self.algorithm],
            issuer=self.issuer,
            audience=self.audience,
            leeway=LEEWAY_SECONDS,
            options=options,
        )
