"""The steps of the Dockerfile and of compose.yaml, executed in a plain folder.

No Docker engine is needed, and none is imitated: each stage is a folder, in which the same commands are run with the
same files and no other environment. What would change the machine (a user, a MongoDB) is left out.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.battery.finding import Finding, control
from tests.battery.stage import AT, Remote, Stage, stage
from tests.service import PROJECT, SECRET, Service, free_port, tool, wait_until

COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text())
CARELESS = "FROM python\nRUN pip install flask\nUSER root\nCMD gunicorn wsgi:app\n"
UID = "10001"
AS_USER = ["setpriv", f"--reuid={UID}", "--clear-groups"]


def experiments() -> Iterator[Finding]:
    """Read the files with a linter; build the image; serve from it alone; then do as compose.yaml says."""
    yield from _linted()
    with stage() as built:
        built.directory.chmod(0o755)  # the image's user must come through
        text = (PROJECT / "Dockerfile").read_text()
        image = Image(built.directory / "image", text)
        yield _answers(image, built, "the Dockerfile's steps: the service answers /livez, and its HEALTHCHECK passes")
        yield from _composed(image, built)
        image.remove("videosession/static")  # as if it were ignored
        yield control(*_answers(image, built, "the same, without one folder")[:3])


def _linted() -> Iterator[Finding]:
    """Run hadolint on the Dockerfile, and on a bad one as the control."""
    if not Path(tool("hadolint")).exists():
        yield Finding("hadolint", "left out: it is not installed", holds=False)
        return
    for text, what in (
        ((PROJECT / "Dockerfile").read_text(), "hadolint finds nothing"),
        (CARELESS, "hadolint finds nothing in a careless file"),
    ):
        told = subprocess.run([tool("hadolint"), "-f", "json", "-"], input=text, capture_output=True, text=True).stdout
        codes = sorted({each["code"] for each in json.loads(told)})
        finding = Finding if text is not CARELESS else control
        yield finding(what, ", ".join(codes) or "0 findings", not codes)


class Image:
    """A folder as the image's root would be, with the settings of its last stage."""

    def __init__(self, root: Path, dockerfile: str):
        self.root, self.environment, self.words = root, {}, {}
        self.left_out: list[str] = []
        self._stages: dict[str, Path] = {}
        self._name, self._directory = "", root
        joined = re.sub(r"\\\n\s*", "", dockerfile)
        for line in joined.splitlines():
            if line and not line.startswith("#"):
                name, _, words = line.partition(" ")
                getattr(self, f"_{name.lower()}")(words)

    def command(self, words: list[str], **settings: Any) -> list[str]:
        """Return a command line that runs in the image's environment and as its user."""
        environment = self.environment | {name: str(value) for name, value in settings.items()}
        told = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *words]
        return [*AS_USER, *told] if can_change_user() else told

    def run(self, words: list[str], **settings: Any) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(words, **settings), cwd=self._directory, capture_output=True, text=True, timeout=60
        )

    def serve(self, words: list[str], port: int, log: Path, **settings: Any) -> Service:
        return Service(self.command(words, PORT=port, **settings), port, log, self._directory)

    def remove(self, name: str) -> None:
        shutil.rmtree(self._directory / name)

    def _from(self, words: str) -> None:
        """Begin a stage: the one before is moved away, with all that no COPY takes from it."""
        if self.root.exists():
            self._stages[self._name] = self.root.rename(self.root.with_name(f"stage-{self._name}"))
        self._name = words.rpartition(" AS ")[2]
        self._directory = self.root
        self.root.mkdir(mode=0o755)
        (self.root / "python").mkdir()
        (self.root / "python" / "python").symlink_to(interpreter())
        self.environment = {"PATH": f"{self.root}/python:/usr/bin:/bin"}

    def _workdir(self, words: str) -> None:
        self._directory = Path(self._inside(words))
        self._directory.mkdir(parents=True, exist_ok=True)

    def _copy(self, words: str) -> None:
        *names, target = words.split()
        if names[0].startswith("--from="):
            taken = self._stages[names[0].partition("=")[2]] / names[1].lstrip("/")
            taken.rename(self._inside(target))
            return
        assert set(names) <= kept(), f"{names}: ignored by .dockerignore"
        for name in names:
            if (PROJECT / name).is_dir():
                shutil.copytree(PROJECT / name, self._directory / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(PROJECT / name, self._directory / target)

    def _run(self, words: str) -> None:
        if words.startswith("useradd"):
            self.left_out.append("useradd")
            return
        command = self._inside(words)
        environment = self.environment | {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}
        subprocess.run(command, shell=True, cwd=self._directory, env=environment, check=True, capture_output=True)

    def _env(self, words: str) -> None:
        for each in shlex.split(words):
            name, _, value = each.partition("=")
            self.environment[name] = self._inside(value).replace("$PATH", self.environment["PATH"])

    def _user(self, words: str) -> None:
        assert words == UID

    def _expose(self, words: str) -> None:
        self.words["EXPOSE"] = words

    def _healthcheck(self, words: str) -> None:
        self.words["HEALTHCHECK"] = json.loads(words.partition("CMD ")[2])

    def _cmd(self, words: str) -> None:
        self.words["CMD"] = json.loads(words)

    def _inside(self, words: str) -> str:
        """Return a text with the image's own folders where they are here."""
        return re.sub(r"(?<![\w.])/(venv|app)\b", rf"{self.root}/\1", words)


@cache
def interpreter() -> str:
    """Return a Python for the image: this one, or the system's where the image's user may not run this one."""
    this = str(Path(sys.executable).resolve())
    return next((each for each in (this, "/usr/bin/python3") if _is_open(each)), this)


def can_change_user() -> bool:
    """Return whether commands can be run as the image's user."""
    return _is_open(interpreter())


@cache
def _is_open(python: str) -> bool:
    """Return whether the image's user may run a Python."""
    if os.geteuid() or not shutil.which("setpriv"):
        return False
    return not subprocess.run([*AS_USER, "env", python, "-c", ""], capture_output=True).returncode


def kept() -> set[str]:
    """Return what .dockerignore lets into an image."""
    return set(re.findall(r"^!(.*)$", (PROJECT / ".dockerignore").read_text(), re.M))


def _answers(image: Image, built: Stage, what: str) -> Finding:
    """Start CMD, run HEALTHCHECK, and stop it; afterwards HEALTHCHECK must fail."""
    port = free_port()
    settings = {"MONGODB_URI": built.database.uri, "JWT_SECRET": SECRET}
    try:
        with image.serve(image.words["CMD"], port, built.directory / "image.log", **settings) as service:
            status = service.request("GET", "/livez").status_code
            page = service.request("GET", "/").status_code
            is_healthy = image.run(image.words["HEALTHCHECK"], PORT=port).returncode == 0
    except AssertionError:
        return Finding(what, "does not start", holds=False)
    is_seen_dead = image.run(image.words["HEALTHCHECK"], PORT=port).returncode != 0
    who = f"as user {UID}" if can_change_user() else "as the same user"
    version = image.run(["python", "--version"]).stdout.strip()
    figures = f"{version}, {who}; left out: {', '.join(image.left_out)}"
    return Finding(what, figures, (status, page, is_healthy, is_seen_dead) == (200, 200, True, True))


def _composed(image: Image, built: Stage) -> Iterator[Finding]:
    """Do what compose.yaml says in its order, on the embedded database in place of its MongoDB."""
    order = list(_in_order(COMPOSE["services"]))
    services = {name: COMPOSE["services"][name] for name in order}
    settings = {name: _settings(services[name], built) for name in order if name != "mongo"}
    release = image.run(services["release"]["command"], **settings["release"])
    port, log = free_port(), built.directory / "compose.log"
    worker_log = (built.directory / "worker.log").open("wb")
    command = image.command(services["worker"]["command"], **settings["worker"])
    worker = subprocess.Popen(command, cwd=image.root / "app", stdout=worker_log, stderr=worker_log)
    try:
        with image.serve(image.words["CMD"], port, log, **settings["web"]) as web:
            ready = web.request("GET", "/readyz").json
            remote = Remote(port)
            session = remote.post("/api/sessions", {"title": "A", "videoId": "v"}).json["id"]
            stored = remote.post(f"/api/sessions/{session}/events", {"type": "play", "timestamp": AT}).status_code
            wait_until(lambda: remote.get("/api/videos/summary?videoId=v").json.get("pending") == 0, 60)
            remote.close()
            is_working = worker.poll() is None
            ended = web.stop()
    finally:
        worker.terminate()
        left = worker.wait(30)
        worker_log.close()
    what = "compose.yaml's steps: release, web and worker in order, on the embedded database"
    figures = f"{' → '.join(order)}; release {release.returncode}, missing indexes {ready['missingIndexes']}"
    right = (order[:2], release.returncode, ready["missingIndexes"], stored, is_working, ended) == (
        (["mongo", "release"], 0, [], 201, True, 0)
    )
    yield Finding(what, f"{figures}; stopped with {ended} and {left}", right)


def _in_order(services: dict[str, Any]) -> Iterator[str]:
    """Yield the names of services, each after those that it waits for."""
    told: list[str] = []
    while len(told) < len(services):
        ready = [
            name for name in services if name not in told and set(services[name].get("depends_on", ())) <= set(told)
        ]
        assert ready, "they wait for each other"
        told += ready
        yield from ready


def _settings(service: dict[str, Any], built: Stage) -> dict[str, str]:
    """Return a service's environment, with this machine's database where the network of compose.yaml has its own."""
    mongo = COMPOSE["services"]["mongo"]["command"]
    named = service["environment"]["MONGODB_URI"]
    assert named.startswith("mongodb://mongo:27017/")
    assert f"replicaSet={mongo[mongo.index('--replSet') + 1]}" in named
    assert re.fullmatch(r"\$\{JWT_SECRET:\?.*\}", service["environment"]["JWT_SECRET"])
    return service["environment"] | {"MONGODB_URI": built.database.uri, "JWT_SECRET": SECRET}
