"""All experiments: `python -m tests.battery`, or some of them: `python -m tests.battery kills soak`.

Prints a table, and exits with 1 if a promise does not hold or if a control, which must break it, does hold.
"""

import importlib
import logging
import os
import sys
import time
from collections.abc import Iterator

import click

from tests.battery.finding import Finding

EXPERIMENTS = [
    "kills",
    "disks",
    "protocol",
    "steps",
    "failover",
    "moves",
    "races",
    "losses",
    "faults",
    "outages",
    "slow",
    "readers",
    "connections",
    "reloads",
    "hostile",
    "costs",
    "model",
    "operations",
    "acceptance",
    "clients",
    "containers",
    "imports",
    "soak",
]


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(EXPERIMENTS))
def main(names: tuple[str, ...]) -> None:
    """Run the experiments."""
    os.environ["FLASK_SKIP_DOTENV"] = "1"
    logging.disable(logging.CRITICAL)  # expected failures need no log
    wrong, seconds = 0, {}
    click.echo("| experiment | figures | result |\n|---|---|---|")
    for name in names or EXPERIMENTS:
        started = time.monotonic()
        for finding in _experiments(name):
            mark = ("breaks" if finding.is_control else "holds") if finding.is_right else "WRONG"
            kind = "*control:* " if finding.is_control else ""
            click.echo(f"| {kind}{finding.what} | {finding.figures} | {mark} |")
            wrong += not finding.is_right
        seconds[name] = time.monotonic() - started
    each = ", ".join(f"{name} {passed:.0f}" for name, passed in seconds.items())
    click.echo(f"\n{sum(seconds.values()):.0f} s ({each}), {wrong} wrong")
    sys.exit(bool(wrong))


def _experiments(name: str) -> Iterator[Finding]:
    try:
        module = importlib.import_module(f"tests.battery.{name}")
    except ModuleNotFoundError as error:
        yield Finding(name, f"left out: {error}; see requirements-battery.txt", holds=False)
        return
    yield from module.experiments()


main()
