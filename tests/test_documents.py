"""The commands in the README and in docs/ work as they are written, and print what is shown under them."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS, Block, answers, blocks, is_shown, section
from tests.service import PROJECT, Service, clean_environment, copy_project, free_port, procfile

pytestmark = pytest.mark.processes

AFTER_EACH = "\n-- the end of a block --\n"
START, *_ = blocks(section("README.md", "Run it"))
[SERVE] = blocks(section("README.md", "Serve it"))
[TEST] = blocks(section("README.md", "Test it"))
# What the script below does not run, and what checks it instead.
ELSEWHERE = {
    START: "it is what the script runs against, but for the installation",
    SERVE: "test_the_serving_command_in_the_document_is_that_of_the_procfile",
    TEST: ".ci/run",
    **dict.fromkeys(blocks(section("SECURITY.md", "And")), "it asks a registry for known vulnerabilities"),
}
SHOWN = {name: found for name, text in DOCUMENTS.items() if (found := [b for b in blocks(text) if b not in ELSEWHERE])}
CASES = [(name, place) for name, found in SHOWN.items() for place in range(len(found))]


def case_id(case: tuple[str, int]) -> str:
    name, place = case
    return f"{name}-{SHOWN[name][place].commands.partition(chr(10))[0][:60]}"


def script(document: str, port: int) -> str:
    """Write a document's commands as one script that prints a line after each block."""
    steps = AFTER_EACH.join(["set -euo pipefail", *(block.commands for block in SHOWN[document]), ""])
    return steps.replace(AFTER_EACH, f"\nprintf {shlex.quote(AFTER_EACH)}\n").replace(":3000", f":{port}")


def run_script(document: str, port: int, directory: Path, settings: dict) -> list[str]:
    """Run a document's commands, and return what each block printed."""
    ended = subprocess.run(
        ["bash", "-c", script(document, port)],
        cwd=directory,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, f"{document}: {ended.stdout[-2000:]}{ended.stderr}"
    return ended.stdout.split(AFTER_EACH)[1:-1]


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> Iterator[dict[str, list[str]]]:
    """Run the service by the README's command in a copy of the project, then each document's commands against it."""
    directory, port = tmp_path_factory.mktemp("documents"), free_port()
    copy = copy_project(directory)
    settings = {"FLASK_RUN_PORT": port, "FLASK_SKIP_DOTENV": 0}
    start = START.commands.strip().rpartition(" && ")[2]
    with Service(["bash", "-c", f"exec {start}"], port, directory / "log", copy, **settings):
        yield {name: run_script(name, port, copy, settings) for name in SHOWN}


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_block_of_commands_prints_the_output_shown_below_it(printed, case):
    name, place = case
    assert is_shown(SHOWN[name][place], printed[name][place]), printed[name][place]


def test_the_session_in_the_readme_has_a_token_three_events_and_ends_with_their_deletion(printed):
    commands = "".join(block.commands for block in SHOWN["README.md"])
    told = printed["README.md"]
    assert "flask token" in commands
    assert commands.count("/events") == 3
    shown = [answer for text in told if '"eventId"' in text for answer in answers(text)]
    appended = [answer for answer in shown if "eventId" in answer]
    assert [answer["events"] for answer in shown if "events" in answer] == [appended]
    assert any("deleted successfully" in text for text in told)


@pytest.mark.parametrize("block", [START, TEST], ids=["run", "test"])
def test_one_command_installs_everything_and_runs_the_service_or_the_tests(block: Block):
    [line] = block.commands.splitlines()
    setting_up, _, deed = line.rpartition(" && ")
    assert setting_up == "python3 -m venv .venv && .venv/bin/pip install -q -r requirements-dev.txt"
    assert deed in (".venv/bin/flask run", ".venv/bin/pytest")


def test_the_serving_command_in_the_document_is_that_of_the_procfile():
    commands = [line.removeprefix(".venv/bin/").split() for line in SERVE.commands.splitlines()]
    for name in ("release", "web"):
        program, *arguments = procfile(name)
        assert [program.rpartition("/")[2], *arguments] in commands


def home(name: str) -> Path:
    """Return the folder that a document's links start from."""
    return PROJECT / "docs" if (PROJECT / "docs" / name).exists() else PROJECT


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_has_a_target(name):
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", DOCUMENTS[name])
    for path, heading in links:
        target = home(name) / path if path else home(name) / name
        assert target.exists(), path
        headings = (
            {line.lstrip("# ").lower().replace(" ", "-") for line in re.findall("^#.*", target.read_text(), re.M)}
            if heading
            else set()
        )
        assert not heading or heading in headings, heading


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_named_in_a_document_exists(name):
    named = set(re.findall(r"`((?:[\w.-]+/)*[\w-]*\.(?:py|txt|toml|md|example|svg))`", DOCUMENTS[name]))
    there = [
        path.relative_to(PROJECT).as_posix()
        for part in ("*.*", "docs/*", "tests/**/*.*", "tools/*", "videosession/**/*.*")
        for path in PROJECT.glob(part)
    ]
    assert {path for path in named if not any(f"/{known}".endswith(f"/{path}") for known in there)} == set()


def test_the_layout_lists_every_module_and_nothing_else():
    lines = re.findall(r"^ {4}( *)([\w./]+) +\S", section("development.md", "Layout"), re.MULTILINE)
    folders, named = {0: ""}, set()
    for indent, name in lines:
        path = folders[len(indent)] + name
        if name.endswith("/"):
            folders[len(indent) + 2] = path
        named.add(path)
    gone = {path for path in named if not (PROJECT / path).exists()}
    assert gone == set(), "these are gone: correct the layout in docs/development.md"
    rooms = {path.rpartition("/")[0] for path in named if path.endswith(".py")} - {""}  # others are named as a whole
    there = {path.relative_to(PROJECT).as_posix() for room in rooms for path in (PROJECT / room).glob("*")}
    parts = {
        path for path in there if path.startswith("videosession/") and not path.endswith(("__pycache__", "__init__.py"))
    }
    missing = {path for path in parts if not {path, f"{path}/"} & named}
    assert missing == set(), "add these to the layout in docs/development.md"
