"""A database process of our own, for trying out and for tests: SecantusDB on loopback.

    service process ──tie── keeper ──pipe── database     the owner: its keeper holds database.lock
    service process ──tie── keeper                       stands by: its keeper queues for the lock

Every service process that calls `ensure` gets a keeper, a small process beside it that queues for the lock. The one
that has it runs the database and starts it again whenever it dies. A keeper ends when its service process does, however
that ended: the system closes the tie, a pair of sockets. The database ends with its keeper in the same way, and keeps
the lock until it has, so no two ever open the same data. The service process itself gets no thread and no child, and
may fork.

keeper.py is that small process. Knows nothing of the rest of the package but that.
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

# The ends that this process holds of its keepers' ties, by directory. A forked child drops them, or it would keep the
# database from ending with its parent, and remembers the directory: its parent's keeper stands for it too.
_ties: dict[Path, list[int]] = {}


class EmbeddedError(RuntimeError):
    """The embedded database cannot be used here; says what to do."""


class NotInstalledError(EmbeddedError):
    """SecantusDB cannot be imported here."""

    def __init__(self) -> None:
        super().__init__(
            "MONGODB_URI is not set, and SecantusDB, the database for trying out, is not installed"
            f" (it has wheels for Python 3.11 to 3.13 on Linux and on Apple silicon; this is Python"
            f" {platform.python_version()} on {platform.system()} {platform.machine()})."
            " Either install it with `pip install -r requirements-dev.txt`, or set MONGODB_URI to the address of"
            " a MongoDB."
        )


class Embedded:
    """The database with its data, lock, address and log in `directory`, one for all processes that name it."""

    def __init__(self, directory: str | Path, *, test_commands: bool = False):
        self._directory = Path(directory).resolve()
        self._test_commands = test_commands

    def ensure(self) -> None:
        """Have the database run as long as this process does; returns before it listens.

        Costs microseconds once a keeper is there, so call it again whenever the database does not answer: a forked
        child, for which only its parent's keeper stands, then takes over when that parent has been killed.
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
        """End this process's part in it, and wait: for the database to end properly if it was ours."""
        for tie in _ties.pop(self._directory, []):
            with socket.socket(fileno=tie) as end, contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR)
                end.recv(1)  # the keeper and its database hold the other end

    @property
    def uri(self) -> str:
        """The address as it is now: it changes when another program has taken the port while the database was away."""
        # SecantusDB scans all it remembers of retryable writes at each of them: 70 writes/s instead of 1 170, measured.
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
        """Return how much can still be written where the data are."""
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
        """Give the lock, taken or not, to a keeper tied to this process."""
        if importlib.util.find_spec("secantus") is None and (self._test_commands or not keeper.rust_server()):
            raise NotInstalledError
        ours, theirs = socket.socketpair()
        with theirs:
            command = keeper.command_of("keep", self._directory, self._test_commands, theirs.fileno(), lock)
            # In a session of its own: Ctrl-C at the terminal must not end it before the service's last requests.
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
