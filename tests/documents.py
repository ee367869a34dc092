"""The documents that people read, taken apart: their sections, commands, and the output that is shown."""

import json
import re
from typing import NamedTuple

from tests.answers import strict_json
from tests.service import PROJECT

DOCUMENTS = {path.name: path.read_text() for path in sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Block(NamedTuple):
    """Commands, and the output that is shown under them, if any, as "json" or "text"."""

    commands: str
    kind: str | None
    output: str | None


def section(document: str, title: str) -> str:
    """Return what is below a heading, up to the next one of its level."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", DOCUMENTS[document], re.MULTILINE | re.DOTALL)
    assert found, f"{document} has no section {title}"
    return found[1]


def blocks(text: str) -> list[Block]:
    """Return the blocks of shell commands in a text, each with the block of output right after it."""
    found = re.findall(r"```sh\n(.*?)```(?:\n\n```(json|text)\n(.*?)```)?", text, re.DOTALL)
    return [Block(commands, kind or None, output or None) for commands, kind, output in found]


def code(document: str, title: str) -> str:
    """Return the first block of code, in any language, in a section."""
    found = re.search(r"```\w+\n(.*?)```", section(document, title), re.DOTALL)
    assert found, f"{document} has no code in {title}"
    return found[1]


def is_shown(block: Block, printed: str) -> bool:
    """Return whether commands printed what their document shows."""
    if block.kind == "json" and block.output:
        return any(fits(_shown(block.output), answer) for answer in answers(printed))
    return block.output is None or block.output.strip() in printed


def _shown(text: str):
    """Read JSON as a document shows it: … stands for any text, or for more of the same."""
    return json.loads(text.replace(", …}", ', "…": "…"}').replace(", …]", ', "…"]'))


def fits(pattern, value) -> bool:
    """Return whether an answer has the shape of the one that is shown."""
    if isinstance(pattern, dict) and isinstance(value, dict):
        named = {key: inner for key, inner in pattern.items() if key != "…"}
        is_whole = "…" in pattern or named.keys() == value.keys()
        return is_whole and all(key in value and fits(inner, value[key]) for key, inner in named.items())
    if isinstance(pattern, list) and isinstance(value, list):
        shown = [inner for inner in pattern if inner != "…"]
        is_whole = "…" in pattern or len(shown) == len(value)
        return is_whole and len(shown) <= len(value) and all(map(fits, shown, value))
    if isinstance(pattern, str) and isinstance(value, str) and INSTANT.fullmatch(pattern):
        return bool(INSTANT.fullmatch(value))
    return pattern == "…" or (type(pattern), pattern) == (type(value), value)


def answers(output: str) -> list:
    """Read the JSON documents that commands printed, one after the other."""
    found, decoder, rest = [], json.JSONDecoder(), output.strip()
    while rest:
        _, end = decoder.raw_decode(rest)
        found.append(strict_json(rest[:end]))
        rest = rest[end:].lstrip()
    return found
