"""The room's prohibitions: only the standard library, no clock, no input or output."""

import ast
import sys
from pathlib import Path

import pytest

import videosession.timeline

pytestmark = pytest.mark.processes

FILES = sorted(Path(videosession.timeline.__file__).parent.rglob("*.py"))
FORBIDDEN = {"time", "os", "random", "socket", "subprocess", "threading", "asyncio", "pathlib", "io", "logging"}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_only_the_standard_library_and_instants_are_imported(file):
    for module in imported(ast.parse(file.read_text())):
        top = module.split(".")[0]
        assert (
            module.startswith(("videosession.timeline", "videosession.instants"))
            or top in sys.stdlib_module_names - FORBIDDEN
        )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_module_reads_the_clock(file):
    calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    named = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    assert named.isdisjoint({"now", "utcnow", "today"})


def test_the_packages_docstring_states_its_prohibitions():
    assert videosession.timeline.__doc__.startswith("Only the standard library; every instant is an argument.")
