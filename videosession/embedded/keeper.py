"""The supervisor of the embedded database, which restarts it whenever it dies: see __init__.py.

    python -P keeper.py keep DIRECTORY …            waits for the lock, then runs one of these, again and again
    python -P keeper.py serve DIRECTORY …           SecantusDB
    python -P keeper.py become_rust DIRECTORY …     secantusd-rs, SecantusDB's server in Rust

Knows nothing of the rest of the package; imports only the standard library.
"""

import contextlib
import json
import logging
import os
import secrets
import select
import shutil
import signal
import socket
import stat
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

# The same data and protocol as SecantusDB, for 6 to 12 times less processor time. Used if it is installed in a version
# that was tested here; other versions have not been shown to keep acknowledged writes.
RUST_SERVER = "secantusd-rs"
KNOWN_RUST_VERSIONS = {"0.5.3-beta.193"}
MEBIBYTE = 1024 * 1024
ENOUGH_TO_START = 32 * MEBIBYTE  # of free space: a start takes 10 MiB, and leaves them behind if it fails
_PANIC = "\n_wiredtiger.WiredTigerError: WT_PANIC"  # after which it fails until it is started anew
FULL = 4 * MEBIBYTE  # of free space: with less, the database's own background writes may fail
LONGEST_PAUSE_SECONDS = 30
LONGEST_ADDRESS = 4096
_LOOK_SECONDS = 1
_END_SECONDS = 8  # for a server to shut down
_PR_SET_PDEATHSIG = 1  # prctl(2)


def address(directory: Path) -> dict:
    """Return the port and the process ids; the first caller chooses the port, so nobody waits for a keeper."""
    path = directory / "database.json"
    if not os.path.lexists(path):
        with contextlib.suppress(FileExistsError):
            publish(path, os.link, port=free_port(), pid=None, keeper=None)
    try:
        found = json.loads(read_plain(path, LONGEST_ADDRESS))
        if type(found["port"]) is not int or not 0 < found["port"] < 65536:
            raise ValueError(found["port"])
        return {"port": found["port"], "pid": found["pid"], "keeper": found["keeper"]}
    except (
        KeyError,
        TypeError,
        ValueError,
        RecursionError,
    ):  # truncated, or not ours: the keeper writes it again when it starts
        log.warning("%s cannot be read and is made anew: if the database does not answer, restart the service", path)
        publish(path, os.replace, port=free_port(), pid=None, keeper=None)
        return json.loads(read_plain(path, LONGEST_ADDRESS))


def read_plain(path: Path, most: int) -> bytes:
    """Return up to `most` bytes of a regular file; empty for a link, a pipe or anything else."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return os.read(descriptor, most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        finally:
            os.close(descriptor)
    return b""


def free_bytes(directory: Path) -> int:
    """Return how many bytes can still be written to the file system of `directory`; 0 if that is gone."""
    try:
        place = os.statvfs(directory)
    except OSError:
        return 0
    return place.f_bavail * place.f_frsize


def publish(path: Path, put: Callable[[str, Path], None], **address: int | None) -> None:
    """Write the address to a draft, and put that in place with `put`: os.link if it must not replace another."""
    descriptor, whole = tempfile.mkstemp(dir=path.parent)
    try:
        with open(descriptor, "w") as file:
            json.dump(address, file)
            file.flush()
            os.fsync(descriptor)
        put(whole, path)
    finally:
        Path(whole).unlink(missing_ok=True)


def free_port() -> int:
    # Below the ephemeral ports of Linux (from 32768) and macOS (from 49152): a client that connects to such a port
    # on its own machine while nobody listens there may be assigned that same port, and connect to itself.
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


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def rust_server() -> str | None:
    """Return the path of the server in Rust, if a version that is known to work is on PATH."""
    path = shutil.which(RUST_SERVER)
    if path is None or sys.platform != "linux":  # only Linux can end it with its keeper
        return None
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=5, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return path if told.split("\n")[0].removeprefix(f"{RUST_SERVER} ") in KNOWN_RUST_VERSIONS else None


def command_of(role: str, directory: Path, *arguments: int) -> list[str]:
    # By path and with -P, so that it needs no working directory, and modules beside it do not shadow others.
    return [sys.executable, "-P", __file__, role, str(directory), *(str(int(each)) for each in arguments)]


def _keep(directory: Path, test_commands: int, tie: int, lock: int) -> None:
    """Wait for the lock, then run the database, again and again, until the other end of the tie closes."""
    if os.fork():
        return  # detached, so that the service process has no child to reap and gets no SIGCHLD
    os.umask(0o077)
    logging.basicConfig(format="%(asctime)s embedded database: %(message)s")
    rust = _Rust()
    threading.Thread(target=_end_with, args=(tie, rust), daemon=True).start()
    fcntl.flock(lock, fcntl.LOCK_EX)
    pause_seconds = 0.0
    while True:
        _wait_for_space(directory)
        try:
            has_listened, reason = _run_database(directory, test_commands, (tie, lock), rust)
        except OSError as error:
            has_listened, reason = False, str(error)
        if rust.is_to_end:
            return
        pause_seconds = 0.0 if has_listened else min(2 * pause_seconds + 0.1, LONGEST_PAUSE_SECONDS)
        log.error("ended, starting it again in %.1f s: %s", pause_seconds, reason)
        time.sleep(pause_seconds)


def _wait_for_space(directory: Path) -> None:
    """Wait until there is enough space for a start: each start that fails without it takes more."""
    is_told = False
    while free_bytes(directory) < ENOUGH_TO_START:
        if not is_told:
            needed = ENOUGH_TO_START // MEBIBYTE
            log.error("less than %d MiB are free in %s: free some, and it starts by itself", needed, directory)
        is_told = True
        time.sleep(_LOOK_SECONDS)


class _Rust:
    """The server in Rust while it runs, and whether it must stop for good."""

    process: subprocess.Popen | None = None
    is_to_end = False


def _end_with(tie: int, rust: _Rust) -> None:
    """Wait until the tie closes, then exit, which also ends the database; the server in Rust is asked to stop first."""
    os.read(tie, 1)
    rust.is_to_end = True
    if rust.process:
        rust.process.terminate()
        time.sleep(_END_SECONDS)  # the main thread ends the process as soon as the server has ended
    os._exit(0)


def _run_database(directory: Path, test_commands: int, inherited: tuple[int, ...], rust: _Rust) -> tuple[bool, str]:
    """Run the database until it ends; return whether it ever listened, and why it ended."""
    if (directory / "database").is_symlink():
        raise OSError(f"{directory / 'database'} is a symbolic link, which is not followed: remove it.")
    port = address(directory)["port"]
    if not _is_free(port):
        port = free_port()
    output = directory / "database.log"
    output.unlink(missing_ok=True)  # it may be a link, whose target must not be overwritten
    # Variables such as SECANTUS_TEST_FAST_STORAGE change how it stores.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SECANTUS_")}
    is_rust = not test_commands and rust_server() is not None
    command = command_of("become_rust" if is_rust else "serve", directory, test_commands, port)
    with (
        output.open("xb") as file,
        subprocess.Popen(  # noqa: S603, our own file
            command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, env=environment, pass_fds=inherited
        ) as database,
    ):
        publish(directory / "database.json", os.replace, port=port, pid=database.pid, keeper=os.getpid())
        rust.process = database if is_rust else None
        has_listened = _watch(database, port, directory)
    last = "".join(each if each.isprintable() or each == "\n" else "?" for each in _end_of(output))
    return has_listened, f"exit code {database.returncode}\n{last}".rstrip()


def _end_of(file: Path) -> str:
    try:
        with file.open("rb") as content:
            content.seek(max(content.seek(0, os.SEEK_END) - 2000, 0))
            return content.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _watch(database: subprocess.Popen, port: int, directory: Path) -> bool:
    """Wait until the database has ended, and return whether it ever listened.

    After its disk was full it keeps running, but fails even when there is space again; it is then killed. A disk that
    was full between two looks is recognized by what the database wrote to its log.
    """
    waiting = threading.Thread(target=database.wait, daemon=True)
    waiting.start()
    has_listened = was_full = False
    while waiting.is_alive():
        waiting.join(_LOOK_SECONDS if has_listened else 0.1)
        has_listened = has_listened or _listens(port)
        free = free_bytes(directory)
        if was_full and free >= ENOUGH_TO_START:
            log.error("there is space again: it is started anew, since it may have failed meanwhile")
            was_full = False
            database.kill()
        was_full = was_full or free < FULL
        if not was_full and _PANIC in _end_of(directory / "database.log"):
            log.error("its storage has failed: it is started anew")
            database.kill()
            break
    database.wait()
    return has_listened


def _serve(directory: Path, test_commands: int, port: int) -> None:
    """Run SecantusDB until standard input closes, which is when the keeper ends."""
    from secantus import SecantusDBServer

    server = SecantusDBServer(
        "127.0.0.1",
        port,
        str(directory / "database"),
        sync_on_commit=True,
        durable=True,
        # Without a replica set, since nothing reads its oplog, which took a third of an update's time, *measured*.
        replica_set_name=None,
        enable_test_commands=bool(test_commands),
    )
    server.start()
    os.read(0, 1)
    signal.alarm(_END_SECONDS)  # ends the process if it does not end by itself
    threading.Thread(target=_knock, args=(port,), daemon=True).start()
    server.stop()  # in this thread: from another one it cannot store its last record numbers


def _become_rust(directory: Path, test_commands: int, port: int) -> None:
    """Replace this process with the server in Rust, which Linux ends when the keeper ends."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if select.select([0], [], [], 0)[0]:
        return  # the keeper has ended already
    settings = directory / "secantusd.toml"
    settings.unlink(missing_ok=True)
    settings.touch(exist_ok=False)  # an empty settings file, so that it does not look for another one
    options = ["--config", settings, "--host", "127.0.0.1", "--port", port, "--storage-path", directory / "database"]
    # Without the first option it answers before a write is on the disk. The others are the Python server's sizes.
    options += ["--sync-on-commit", "--cache-size", "1G", "--log-file-max", "10MB", "--log-level", "WARNING"]
    os.execvp(RUST_SERVER, [RUST_SERVER, *map(str, options)])  # noqa: S606


def _knock(port: int) -> None:
    """Keep connecting, so that stop() does not wait two seconds for its thread that accepts connections."""
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        time.sleep(0.05)


if __name__ == "__main__":
    role, place, *numbers = sys.argv[1:]
    roles: dict[str, Callable[..., None]] = {"keep": _keep, "serve": _serve, "become_rust": _become_rust}
    roles[role](Path(place), *map(int, numbers))
