"""Clients generated from /openapi.json, and the types of player.js."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.battery.finding import Finding
from tests.battery.stage import stage
from tests.service import PROJECT, Service, mint

PROGRAMS = Path(__file__).parent / "programs"
TSC = ("--strict", "--noEmit", "--module", "nodenext", "--moduleResolution", "nodenext", "--target", "es2022")
DELETED = "Session deleted successfully."


def experiments() -> Iterator[Finding]:
    """Generate each client, check its types, and run the four basic operations, a batch and a timeline with it."""
    if not shutil.which("npm"):
        yield Finding("generated clients", "left out: Node.js is not installed", holds=False)
        return
    with stage() as built:
        service, directory = built.serve(), built.directory / "clients"
        shutil.copytree(PROGRAMS, directory)
        (directory / "openapi.json").write_bytes(service.request("GET", "/openapi.json").data)
        _run(directory, "npm", "install", "--no-audit", "--no-fund")
        yield from _typescript(directory, service)
        yield _python(directory, service)
        yield _player(directory)


def _typescript(directory: Path, service: Service) -> Iterator[Finding]:
    told = _run(directory, "npx", "redocly", "lint", "--extends=recommended", "openapi.json")
    yield Finding("redocly lint finds no error", told.splitlines()[-1], "is valid" in told)
    _run(directory, "npx", "openapi-typescript", "openapi.json", "-o", "api.d.ts")
    errors = _run(directory, "npx", "tsc", *TSC, "program.ts")
    yield Finding("openapi-typescript: tsc --strict", errors or "no error", not errors)
    _run(directory, "npx", "tsc", *TSC[2:], "--outDir", "built", "program.ts")
    told = _run(directory, "node", "built/program.js", f"http://127.0.0.1:{service.port}", mint())
    yield Finding("openapi-typescript: the program runs", told, DELETED in told)
    told = _run(directory, "npx", "openapi-ts", "-i", "openapi.json", "-o", "hey")
    yield Finding("@hey-api/openapi-ts generates a client", "", (directory / "hey" / "sdk.gen.ts").exists())


def _python(directory: Path, service: Service) -> Finding:
    made = ("generate", "--path", "openapi.json", "--meta", "none", "--output-path", "generated")
    _run(directory, sys.executable, "-m", "openapi_python_client", *made)
    operations = {
        operation["operationId"]
        for each in json.loads((directory / "openapi.json").read_text())["paths"].values()
        for operation in each.values()
    }
    made_of = {path.stem.replace("_", "") for path in directory.glob("generated/api/*/*.py")}
    missing = [name for name in operations if name.lower() not in made_of]
    told = _run(directory, sys.executable, "program.py", f"http://127.0.0.1:{service.port}", mint())
    figures = f"{len(operations) - len(missing)} of {len(operations)} operations; {told}"
    return Finding("openapi-python-client: the program runs", figures, not missing and DELETED in told)


def _player(directory: Path) -> Finding:
    """Check a page's code against the types, which a project maps to the module's address."""
    shutil.copy(PROJECT / "videosession" / "static" / "player.d.ts", directory / "player.d.ts")
    settings = {
        "compilerOptions": {
            "strict": True,
            "noEmit": True,
            "target": "es2022",
            "module": "esnext",
            "types": [],
            "moduleResolution": "bundler",
            "lib": ["es2022", "dom"],
            "paths": {"https://sessions.example/player.js": ["./player.d.ts"]},
        },
        "files": ["player.ts"],
    }
    (directory / "tsconfig.json").write_text(json.dumps(settings))
    errors = _run(directory, "npx", "tsc", "-p", ".")
    return Finding("player.d.ts: tsc --strict", errors or "no error", not errors)


def _run(directory: Path, *command: str) -> str:
    """Run a command, and return what it printed."""
    ended = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    return (ended.stdout + ended.stderr).strip()
