"""The README's commands work as they are written, and answer what it shows."""

import json
import re
import shlex
import subprocess
from typing import NamedTuple

import pytest

from tests.answers import strict_json
from tests.service import PROJECT, Service, clean_environment, copy_project, free_port, procfile

README = (PROJECT / "README.md").read_text()
AFTER_EACH = "\n-- the end of a block --\n"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Block(NamedTuple):
    """Commands, and the answer that is shown under them, if any."""

    commands: str
    answer: str | None


def section(title: str) -> str:
    return re.search(rf"^## {title}$(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)[1]


def blocks(text: str) -> list[Block]:
    found = re.findall(r"```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?", text, re.DOTALL)
    return [Block(commands, answer or None) for commands, answer in found]


START, *SESSION = blocks(section("Run it")) + blocks(section("What a timeline shows"))
SHOWN = SESSION + blocks(section("The API"))
[TEST] = blocks(section("Test it"))


def shown(text: str):
    """Read an answer as the README shows it: … stands for any text, or for more of the same."""
    return json.loads(text.replace(", …}", ', "…": "…"}').replace(", …]", ', "…"]'))


def fits(pattern, value) -> bool:
    """Tell whether an answer is one that was shown."""
    if isinstance(pattern, dict) and isinstance(value, dict):
        named = {key: inner for key, inner in pattern.items() if key != "…"}
        is_whole = "…" in pattern or named.keys() == value.keys()
        return is_whole and all(key in value and fits(inner, value[key]) for key, inner in named.items())
    if isinstance(pattern, list) and isinstance(value, list):
        named = [inner for inner in pattern if inner != "…"]
        is_whole = "…" in pattern or len(named) == len(value)
        return is_whole and len(named) <= len(value) and all(map(fits, named, value))
    if isinstance(pattern, str) and isinstance(value, str) and INSTANT.fullmatch(pattern):
        return bool(INSTANT.fullmatch(value))
    return pattern == "…" or (type(pattern), pattern) == (type(value), value)


def answers(output: str) -> list:
    """Read the JSON documents that commands printed, one behind the other."""
    found, decoder, rest = [], json.JSONDecoder(), output.strip()
    while rest:
        _, end = decoder.raw_decode(rest)
        found.append(strict_json(rest[:end]))
        rest = rest[end:].lstrip()
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> list[str]:
    """Run the service and then the session, in a copy of the project, and give what each block printed."""
    directory, port = tmp_path_factory.mktemp("readme"), free_port()
    copy = copy_project(directory)
    settings = {"FLASK_RUN_PORT": port, "FLASK_SKIP_DOTENV": 0}
    script = AFTER_EACH.join(["set -euo pipefail", *(block.commands for block in SHOWN), ""])
    script = script.replace(AFTER_EACH, f"\nprintf {shlex.quote(AFTER_EACH)}\n").replace(":3000", f":{port}")
    start = START.commands.strip().rpartition(" && ")[2]
    with Service(["bash", "-c", f"exec {start}"], port, directory / "log", copy, **settings):
        ended = subprocess.run(
            ["bash", "-c", script], cwd=copy, env=clean_environment(**settings), capture_output=True, text=True
        )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split(AFTER_EACH)[1:-1]


@pytest.mark.parametrize("place", range(len(SHOWN)), ids=[block.commands.split("\n")[0][:60] for block in SHOWN])
def test_a_block_of_commands_answers_what_is_shown_under_it(told, place):
    block = SHOWN[place]
    if block.answer:
        printed = answers(told[place])
        assert any(fits(shown(block.answer), answer) for answer in printed), told[place]


def test_the_session_has_a_token_three_events_and_ends_with_their_deletion(told):
    commands = "".join(block.commands for block in SESSION)
    assert "flask token" in commands
    assert commands.count("/events") == 3
    appended = next(answers(text) for text in told if '"eventId"' in text)
    read = next(answer for text in told if '"events"' in text for answer in answers(text))
    assert read["events"] == appended
    assert any("deleted successfully" in text for text in told)


@pytest.mark.parametrize("block", [START, TEST], ids=["run", "test"])
def test_one_command_sets_up_and_does_it(block):
    [line] = block.commands.splitlines()
    setting_up, _, deed = line.rpartition(" && ")
    assert setting_up == "python3 -m venv .venv && .venv/bin/pip install -q -r requirements-dev.txt"
    assert deed in (".venv/bin/flask run", ".venv/bin/pytest")


def test_what_serves_is_what_the_procfile_says():
    [serve] = blocks(section("Serve it"))
    commands = [line.removeprefix(".venv/bin/").split() for line in serve.commands.splitlines()]
    for name in ("release", "web"):
        program, *arguments = procfile(name)
        assert [program.rpartition("/")[2], *arguments] in commands


def test_every_file_that_is_named_is_there():
    named = re.findall(r"`((?:[\w.-]+/)*[\w-]*\.(?:py|txt|toml|md|example|svg))`|\]\((?!http)([^)#]+)\)", README)
    paths = {path for pair in named for path in pair if path}
    assert {path for path in paths if not (PROJECT / path).exists()} == set()
    tree = re.findall(r"^ {4}( *)([\w.]+/?) {2,}\S", section("What it is made of"), re.MULTILINE)
    assert {name for _, name in tree} <= {f"{path.name}{'/' * path.is_dir()}" for path in PROJECT.rglob("*")}


def test_every_part_of_the_service_is_named():
    made_of = section("What it is made of")
    there = {f"{path.name}{'/' * path.is_dir()}" for path in (PROJECT / "videosession").glob("[!_]*")}
    assert {name for name in there if f"\n      {name} " not in made_of} == set()
