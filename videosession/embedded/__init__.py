"""The embedded database, for trying the service out and for tests: SecantusDB in a process of its own, on loopback.

    service process ──tie── keeper ──pipe── database     active: its keeper holds database.lock
    service process ──tie── keeper                       standby: its keeper waits for the lock

Every service process that calls `ensure` gets a keeper, a small supervisor process that waits for the lock. The keeper
that holds it runs the database, and restarts it whenever it dies. A keeper ends when its service process does, for
whatever reason, because the operating system then closes the tie, a pair of sockets. The database ends with its keeper
in the same way, and holds the lock until then, so no two processes ever open the same data. The service process itself
gets no thread and no child process, and may fork.

The supervisor is keeper.py, the only other module of the package that this one knows.
"""

import contextlib
import importlib.util
import os
import platform
import socket
import subprocess
from pathlib import Path

from videosession.embedded import keeper

try:
    import fcntl
except ImportError:  # not on Windows; the service runs there with MONGODB_URI
    fcntl = None  # type: ignore[assignment]  # a module or nothing

# This process's ends of the ties to its keepers, by directory. A forked child closes them, or it would keep the
# database running after its parent's end, and remembers the directory, which its parent's keeper still serves.
_ties: dict[Path, list[int]] = {}


class EmbeddedError(RuntimeError):
    """The embedded database cannot be used here; the message says what to do."""


class NotInstalledError(EmbeddedError):
    """SecantusDB cannot be imported."""

    def __init__(self) -> None:
        super().__init__(
            "MONGODB_URI is not set, and SecantusDB, the database for trying out, is not installed"
            f" (it has wheels for Python 3.11 to 3.13 on Linux and on Apple silicon; this is Python"
            f" {platform.python_version()} on {platform.system()} {platform.machine()})."
            " Either install it with `pip install -r requirements-dev.txt`, or set MONGODB_URI to the address of"
            " a MongoDB."
        )


class Embedded:
    """The database whose data, lock, address and log are in `directory`; all processes that name it share it."""

    def __init__(self, directory: str | Path, *, test_commands: bool = False):
        self._directory = Path(directory).resolve()
        self._test_commands = test_commands

    def ensure(self) -> None:
        """Keep the database running as long as this process runs; returns before it listens.

        Once a keeper exists, a call takes microseconds, so call this again whenever the database does not answer: a
        forked child, which has no keeper of its own, then takes over if its parent has been killed.
        """
        if fcntl is None:
            raise NotInstalledError
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._open_lock()
        try:
            if _locked_now(lock) or self._directory not in _ties:
                self._start_keeper(lock)
        finally:
            os.close(lock)

    def close(self) -> None:
        """End this process's keeper and, if it ran the database, wait until that has shut down properly."""
        for tie in _ties.pop(self._directory, []):
            with socket.socket(fileno=tie) as end, contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR)
                end.recv(1)  # the keeper and its database hold the other end

    @property
    def uri(self) -> str:
        """The current URI; it changes if another program took the port while the database was not running."""
        # On each retryable write, SecantusDB scans all earlier ones: 70 writes/s instead of 1 170, measured.
        return f"mongodb://127.0.0.1:{self._address()['port']}/videosession?retryWrites=false"

    @property
    def pid(self) -> int | None:
        """The database process started last; None before the first."""
        return self._address()["pid"]

    @property
    def keeper_pid(self) -> int | None:
        """The keeper that started it."""
        return self._address()["keeper"]

    def free_bytes(self) -> int:
        """Return how many bytes can still be written to the data's file system."""
        return keeper.free_bytes(self._directory)

    def _address(self) -> dict:
        try:
            return keeper.address(self._directory)
        except OSError as error:
            path = self._directory / "database.json"
            raise EmbeddedError(f"{path} can be neither read nor made anew: {error.strerror}.") from error

    def _open_lock(self) -> int:
        for name in ("database.lock", "database"):
            if (path := self._directory / name).is_symlink():
                raise EmbeddedError(f"{path} is a symbolic link, which is not followed: remove it.")
        path = self._directory / "database.lock"
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise EmbeddedError(f"{path} cannot be opened: {error.strerror}.") from error

    def _start_keeper(self, lock: int) -> None:
        """Start a keeper that is tied to this process, and pass it the lock's file descriptor."""
        if importlib.util.find_spec("secantus") is None and (self._test_commands or not keeper.rust_server()):
            raise NotInstalledError
        ours, theirs = socket.socketpair()
        with theirs:
            command = keeper.command_of("keep", self._directory, self._test_commands, theirs.fileno(), lock)
            # In a process session of its own, so that Ctrl-C does not end it before the service's last requests.
            subprocess.run(  # noqa: S603, our own file
                command,
                pass_fds=(theirs.fileno(), lock),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                check=True,
            )
        _ties.setdefault(self._directory, []).append(ours.detach())


def _drop_ties() -> None:
    for ties in _ties.values():
        while ties:
            os.close(ties.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_ties)


def _locked_now(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
