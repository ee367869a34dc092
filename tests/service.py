"""The service in processes of its own, started as whoever runs it would, and spoken to over a socket."""

import base64
import contextlib
import dataclasses
import hmac
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.answers import strict_json
from videosession.config import Config

on_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in Linux's /proc")
PROJECT = Path(__file__).resolve().parent.parent
SECRET = "a secret of the tests, longer than thirty-two bytes"
START_SECONDS = 20
UNLIMITED = {"RATE_LIMIT": "off", "PLAYER_RATE_LIMIT": "off"}


class Answer(NamedTuple):
    """What came back, under the names of Flask's test client."""

    status_code: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")

    @property
    def json(self):
        return strict_json(self.data)

    @property
    def content_type(self) -> str | None:
        return self.headers["Content-Type"]


def sign(payload: bytes, secret: str = SECRET, algorithm: str = "HS256") -> str:
    """Write a JWT by hand, so that it may be any: a library would refuse to."""
    header = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.get(algorithm)
    signature = hmac.digest(secret.encode(), text, digest) if digest else b""
    return f"{text.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def mint(secret: str = SECRET, algorithm: str = "HS256", **claims) -> str:
    """Sign a token as any holder of the secret could; a claim that is None is left out."""
    every = {"sub": "alice", "exp": int(time.time()) + 3600} | claims
    text = json.dumps({name: claim for name, claim in every.items() if claim is not None})
    return sign(text.encode(), secret, algorithm)


def free_port() -> int:
    """Choose a port on which nobody listens, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(12000, 20000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable, seconds: float = START_SECONDS):
    """Wait for `condition` to give something true, and give it."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {condition}"
        time.sleep(0.02)
    return result


def clean_environment(**settings) -> dict[str, str]:
    """Return this process's environment without the service's settings, and with those given."""
    names = {"FLASK_RUN_PORT", *(setting.name.upper() for setting in dataclasses.fields(Config))}
    kept = {name: value for name, value in os.environ.items() if name not in names}
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return (
        kept
        | {"PATH": binaries, "PYTHONDONTWRITEBYTECODE": ""}  # a start that compiles everything takes twice as long
        | UNLIMITED
        | {name: str(settings[name]) for name in settings}
    )


class Service:
    """A running service, for a `with`; its output goes to `log`."""

    def __init__(self, command: list[str], port: int, log: Path, directory: Path = PROJECT, **settings):
        self.port = port
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=directory,
                env=clean_environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self) -> "Service":
        """Return when it answers; where it does not, end it."""
        try:
            wait_until(self._answers)
        except BaseException:
            self.stop()
            raise
        return self

    __enter__ = wait

    def __exit__(self, *_) -> None:
        self.stop()

    def request(self, method: str, path: str, body=None, token: str | None = None, **headers) -> Answer:
        """Send one request on a connection of its own."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        with contextlib.closing(connection):
            connection.request(method, path, content, sent | headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def raw(self, sent: bytes, *, shut: bool = False) -> bytes:
        """Send bytes, and give all that comes back until the service closes the connection or has answered."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
            with contextlib.suppress(OSError):  # it may have refused before all was sent
                connection.sendall(sent)
                if shut:
                    connection.shutdown(socket.SHUT_WR)
            received = b""
            with contextlib.suppress(ConnectionError):
                while part := connection.recv(65536):
                    received += part
        return received

    def worker_pids(self) -> list[int]:
        """Name gunicorn's workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self) -> int:
        """End it as a supervisor does, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError):
            return self.request("GET", "/livez").status_code == 200
        return False


def procfile(name: str) -> list[str]:
    """Return the command line that the Procfile has for a process type."""
    lines = dict(line.split(": ", 1) for line in (PROJECT / "Procfile").read_text().splitlines())
    program, *arguments = lines[name].split()
    return [tool(program), *arguments]


def copy_project(directory: Path) -> Path:
    """Copy the project as a clone would have it: what runs there cannot write into this one."""
    left_out = shutil.ignore_patterns(".git", ".venv", ".env", "instance", "tests", ".*_cache", ".hypo*")
    copy = shutil.copytree(PROJECT, directory / "project", ignore=left_out)
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


def run(command: list[str], directory: Path = PROJECT, **settings) -> subprocess.CompletedProcess:
    """Run a command of the environment's to its end."""
    return subprocess.run(
        command,
        cwd=directory,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def tool(name: str) -> str:
    """Find a command of the environment that the tests run in."""
    return str(Path(sys.executable).parent / name)


def serve(directory: Path, uri: str, arguments: str = "", application: str = "wsgi:app", **settings) -> Service:
    """Start the service by the Procfile's line, with gunicorn `arguments` beside its own, and wait for it."""
    port = free_port()
    plain: dict[str, Any] = {"MONGODB_URI": uri, "JWT_SECRET": SECRET, "PORT": port, "FLASK_SKIP_DOTENV": 1}
    settings = plain | {"GUNICORN_CMD_ARGS": arguments} | settings
    command = [*procfile("web")[:-1], application]
    return Service(command, port, directory / f"log-{port}", **settings).wait()
