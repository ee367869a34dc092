"""A database process of our own, for trying out and for tests: SecantusDB on loopback.

    service process ──tie── keeper ──pipe── database     the owner: its keeper holds database.lock
    service process ──tie── keeper                       stands by: its keeper queues for the lock

Every service process that calls `ensure` gets a keeper, a small process beside it that queues for the lock. The one
that has it runs the database and starts it again whenever it dies. A keeper ends when its service process does, however
that ended: the system closes the tie, a pair of sockets. The database ends with its keeper in the same way, and keeps
the lock until it has, so no two ever open the same data. The service process itself gets no thread and no child, and
may fork.

Knows nothing of the rest of the package; imports only the standard library.
"""

import contextlib
import importlib.util
import json
import logging
import os
import platform
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows; the service runs there with MONGODB_URI
    fcntl = None  # type: ignore[assignment]  # a module or nothing

log = logging.getLogger(__name__)

# Its makers' server in Rust: the same data and protocol, for 6 to 12 times less processor time. Used where it is found
# in a version that was tried here; for the others nobody has shown that they keep what was acknowledged.
RUST_SERVER = "secantusd-rs"
KNOWN_RUST_VERSIONS = {"0.5.3-beta.193"}
_END_SECONDS = 8  # as long as a server that is told to end may take
_PR_SET_PDEATHSIG = 1  # prctl(2)

# The ends that this process holds of its keepers' ties, by directory. A forked child drops them, or it would keep the
# database from ending with its parent, and remembers the directory: its parent's keeper stands for it too.
_ties: dict[Path, list[int]] = {}


class NotInstalledError(RuntimeError):
    """SecantusDB cannot be imported here; says what to do."""

    def __init__(self):
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
        lock = os.open(self._directory / "database.lock", os.O_RDWR | os.O_CREAT, 0o600)
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
        return f"mongodb://127.0.0.1:{_address(self._directory)['port']}/videosession?retryWrites=false"

    @property
    def pid(self) -> int | None:
        """The database process started last; None before the first."""
        return _address(self._directory)["pid"]

    @property
    def keeper_pid(self) -> int | None:
        """The keeper that started it."""
        return _address(self._directory)["keeper"]

    def _start_keeper(self, lock: int) -> None:
        """Give the lock, taken or not, to a keeper tied to this process."""
        if importlib.util.find_spec("secantus") is None and (self._test_commands or not _rust_server()):
            raise NotInstalledError
        ours, theirs = socket.socketpair()
        with theirs:
            command = _command("keep", self._directory, self._test_commands, theirs.fileno(), lock)
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


def _address(directory: Path) -> dict:
    """Read the port and the process ids; whoever asks first chooses the port, so nobody waits for a keeper."""
    path = directory / "database.json"
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            _publish(path, os.link, port=_free_port(), pid=None, keeper=None)
    try:
        address = json.loads(path.read_text())
        return {"port": int(address["port"]), "pid": address["pid"], "keeper": address["keeper"]}
    except (KeyError, TypeError, ValueError):  # cut off, or somebody else's: the keeper writes it again when it starts
        log.warning("%s cannot be read and is made anew: if the database does not answer, restart the service", path)
        _publish(path, os.replace, port=_free_port(), pid=None, keeper=None)
        return json.loads(path.read_text())


def _publish(path: Path, put, **address) -> None:
    """Write it beside and put it in place whole, with os.link where it must not replace another."""
    descriptor, whole = tempfile.mkstemp(dir=path.parent)
    try:
        with open(descriptor, "w") as file:
            json.dump(address, file)
            file.flush()
            os.fsync(descriptor)
        put(whole, path)
    finally:
        Path(whole).unlink(missing_ok=True)


def _free_port() -> int:
    # Below the ports that Linux (from 32768) and macOS (from 49152) give to outgoing connections: a client that
    # connects to one of those on its own machine while nobody listens can be given that very port, and meet itself.
    while True:
        port = 20000 + secrets.randbelow(12000)
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _rust_server() -> str | None:
    """Return the path of the server in Rust, where it is on PATH in a version that is known to work."""
    path = shutil.which(RUST_SERVER)
    if path is None or sys.platform != "linux":  # elsewhere nothing ends it with its keeper
        return None
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=5, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return path if told.split("\n")[0].removeprefix(f"{RUST_SERVER} ") in KNOWN_RUST_VERSIONS else None


def _command(role: str, directory: Path, *arguments: int) -> list[str]:
    # By path and with -P, so that it needs no working directory and the modules beside it do not hide others by name.
    return [sys.executable, "-P", __file__, role, str(directory), *(str(int(each)) for each in arguments)]


def _keep(directory: Path, test_commands: int, tie: int, lock: int) -> None:
    """Queue for the lock, then run the database, again and again, until the other end of the tie closes."""
    if os.fork():
        return  # nobody's child, so the service process has nothing to reap and no signal to expect
    os.umask(0o077)
    logging.basicConfig(format="%(asctime)s embedded database: %(message)s")
    rust = _Rust()
    threading.Thread(target=_end_with, args=(tie, rust), daemon=True).start()
    fcntl.flock(lock, fcntl.LOCK_EX)
    pause_seconds = 0.0
    while True:
        started = time.monotonic()
        try:
            reason = _run_database(directory, test_commands, (tie, lock), rust)
        except OSError as error:  # a full disk, for one
            reason = str(error)
        if rust.is_to_end:
            return
        at_once = time.monotonic() - started < 2
        pause_seconds = min(2 * pause_seconds + 0.1, 4) if at_once else 0.0
        log.error("ended, starting it again in %.1f s: %s", pause_seconds, reason)
        time.sleep(pause_seconds)


class _Rust:
    """The server in Rust while it runs, and whether it is to end for good."""

    process: subprocess.Popen | None = None
    is_to_end = False


def _end_with(tie: int, rust: _Rust) -> None:
    """Wait for the end of the tie, and end: the database does then, too, but the server in Rust is told to before."""
    os.read(tie, 1)
    rust.is_to_end = True
    if rust.process:
        rust.process.terminate()
        time.sleep(_END_SECONDS)  # the main thread returns as soon as it has ended
    os._exit(0)


def _run_database(directory: Path, test_commands: int, inherited: tuple[int, ...], rust: _Rust) -> str:
    """Run it until it ends; return why it ended."""
    port = _address(directory)["port"]
    if not _is_free(port):
        port = _free_port()
    output = directory / "database.log"
    output.unlink(missing_ok=True)  # it may be a link, and what that names is not to be overwritten
    # Variables like SECANTUS_TEST_FAST_STORAGE change how it stores.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SECANTUS_")}
    is_rust = not test_commands and _rust_server() is not None
    command = _command("become_rust" if is_rust else "serve", directory, test_commands, port)
    with (
        output.open("wb") as file,
        subprocess.Popen(  # noqa: S603, our own file
            command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, env=environment, pass_fds=inherited
        ) as database,
    ):
        _publish(directory / "database.json", os.replace, port=port, pid=database.pid, keeper=os.getpid())
        rust.process = database if is_rust else None
        code = database.wait()
    return f"exit code {code}\n{output.read_bytes()[-2000:].decode(errors='replace')}".rstrip()


def _serve(directory: Path, test_commands: int, port: int) -> None:
    """Be the database until standard input ends, which is when the keeper does."""
    from secantus import SecantusDBServer

    server = SecantusDBServer(
        "127.0.0.1",
        port,
        str(directory / "database"),
        sync_on_commit=True,
        durable=True,
        enable_test_commands=bool(test_commands),
    )
    server.start()
    os.read(0, 1)
    signal.alarm(_END_SECONDS)  # the system ends it if it does not end itself
    threading.Thread(target=_knock, args=(port,), daemon=True).start()
    server.stop()  # in this thread: from another one it cannot store its last page of the oplog


def _become_rust(directory: Path, test_commands: int, port: int) -> None:
    """Become the server in Rust, which the system ends with the keeper, whatever ends that."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if select.select([0], [], [], 0)[0]:
        return  # the keeper had ended before
    settings = directory / "secantusd.toml"
    settings.touch()  # named, so that it looks for no other one, and it has to be a file
    options = ["--config", settings, "--host", "127.0.0.1", "--port", port, "--storage-path", directory / "database"]
    # Without the first of these it answers before a write is on the disk. The others are the Python server's sizes.
    options += ["--sync-on-commit", "--cache-size", "1G", "--log-file-max", "10MB", "--log-level", "WARNING"]
    os.execvp(RUST_SERVER, [RUST_SERVER, *map(str, options)])  # noqa: S606


def _knock(port: int) -> None:
    """Keep connecting: stop() waits two seconds for its thread that waits for a connection, unless one comes."""
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        time.sleep(0.05)


if __name__ == "__main__":
    role, place, *numbers = sys.argv[1:]
    roles: dict[str, Callable[..., None]] = {"keep": _keep, "serve": _serve, "become_rust": _become_rust}
    roles[role](Path(place), *map(int, numbers))
