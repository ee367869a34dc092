"""The benchmark runs, with little data; its figures are not checked."""

import subprocess
import sys

import pytest

from tests.service import PROJECT

pytestmark = pytest.mark.processes


def test_the_benchmark_compares_every_operation_with_the_bare_loop_and_the_simple_app():
    little = ["--largest", "100", "--rounds", "1", "--seconds", "0.1"]
    command = [sys.executable, "-m", "tests.benchmark", *little]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    for row in ("append one", "append 100", "read 100"):
        assert ended.stdout.count(f"\n| {row} | ") == 2
    for told in (
        "a bare update_one with $push.",
        "a batch of 100.",
        "The timeline of 100 events",
        "| 100 | ",
        "As JSON",
        "As NDJSON",
        "after its start",
        "| heatmap of 100 stored results |",
        "daily sums of 100 sessions",
    ):
        assert told in ended.stdout
