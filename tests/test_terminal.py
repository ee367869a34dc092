"""What commands and the log print on a terminal: texts of other people cannot control it."""

import io
import logging
import sys

import pytest

from tests.service import PROJECT
from videosession import terminal
from videosession.observability import TextFormatter

ESCAPES = "\x1b]0;gone\x07\x9b31m\u202e\x7f\r"
ESCAPED = "\\x1b]0;gone\\x07\\x9b31m\\u202e\\x7f\\r"


def test_printed_texts_are_escaped(capsys):
    terminal.echo(f"of {ESCAPES}")
    terminal.echo(f"of {ESCAPES}\nand é", err=True)
    assert capsys.readouterr() == (f"of {ESCAPED}\n", f"of {ESCAPED}\nand é\n")
    assert terminal.failure(ESCAPES).format_message() == ESCAPED


def test_data_are_escaped_on_a_terminal_only(monkeypatch):
    written = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", written)
    terminal.writer()(ESCAPES.encode())
    monkeypatch.setattr(written, "isatty", lambda: True)
    terminal.writer()(ESCAPES.encode())
    written.flush()
    assert written.buffer.getvalue().decode() == ESCAPES + ESCAPED


def test_the_log_is_escaped_on_a_terminal():
    record = logging.LogRecord("videosession", logging.ERROR, "", 1, "refused: %s", (ESCAPES,), None)
    assert TextFormatter("%(message)s").format(record) == f"refused: {ESCAPED}"


def test_every_command_prints_with_terminal_py():
    sources = [path for path in (PROJECT / "videosession").rglob("*.py") if path.name != "terminal.py"]
    texts = {path.name: path.read_text() for path in sources}
    assert [name for name, text in texts.items() if "click.echo(" in text or "click.ClickException(" in text] == [], (
        "use echo and failure of terminal.py"
    )


COMMANDS = [
    ["export", "\udcff"],
    ["export", "--format", "csv", "--video", "\udcff", "--owner", "a"],
    ["purge", "--owner", "\udcff"],
    ["summarise", "--video", "\udcff"],
    ["token", "\udcff"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_argument_that_is_not_utf8_gives_a_readable_error(app, command):
    result = app.test_cli_runner().invoke(args=command)
    assert (result.exit_code, "must" in result.output) == (2, True)


def test_the_name_of_a_purged_owner_cannot_control_the_terminal(app):
    result = app.test_cli_runner().invoke(args=["purge", "--owner", ESCAPES])
    assert ESCAPED in result.output


def test_a_file_that_fails_while_it_is_read_gives_a_readable_error(app):
    result = app.test_cli_runner().invoke(args=["import", "/proc/self/mem"])
    assert result.output.endswith("Error: The file cannot be read: Input/output error.\n")
    assert result.exit_code == 1
