"""The secret that is generated if none is set, for trying the service out, and kept in the instance directory."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows, where nothing is kept: the service runs there with MONGODB_URI
    fcntl = None  # type: ignore[assignment]  # a module or nothing

from videosession.config import Config, ConfigError
from videosession.embedded.keeper import read_plain

SHORTEST_SECRET_BYTES = 32
LONGEST_SECRET_BYTES = 4096


def kept_secret(config: Config) -> str:
    """Return the kept secret; the first process generates it."""
    config.make_instance()
    path = config.instance_path / "jwt-secret"
    try:
        with _only_process_in(config.instance_path):
            kept = _read_secret(path)
            if kept is None:
                kept = secrets.token_urlsafe(48)
                _write_secret(path, kept)
    except OSError as error:
        raise ConfigError([f"The generated secret cannot be stored in {path}: {error.strerror}."]) from None
    return kept


def _read_secret(path: Path) -> str | None:
    """Return the kept secret; None if it might be guessed: somebody planted it, or a full disk truncated it."""
    kept = read_plain(path, LONGEST_SECRET_BYTES)
    try:
        return None if not SHORTEST_SECRET_BYTES <= len(kept) < LONGEST_SECRET_BYTES or b"\0" in kept else kept.decode()
    except UnicodeDecodeError:
        return None


def _write_secret(path: Path, secret: str) -> None:
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _only_process_in(directory: Path) -> Iterator[None]:
    """Admit one process at a time, since two of them would generate different secrets."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        if fcntl:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
