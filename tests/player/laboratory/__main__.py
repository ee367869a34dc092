"""Play every scenario with every player in every browser, and compare timelines with a recorder.

python -m tests.player.laboratory [--install] [--player NAME]… [--browser NAME]… [--scenario NAME]… [--module FILE]
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.player import browser
from tests.player.battery import Home
from tests.player.laboratory import media, players
from tests.player.laboratory.browsers import BROWSERS
from tests.player.laboratory.limits import LIMITS
from tests.player.laboratory.run import SCENARIOS, Run, is_meant_for

Table = dict[tuple[str, str], dict[str, str]]


def main() -> int:
    asked = _arguments()
    if asked.install:
        players.install()
    names, skipped = _what_is_there(asked.player)
    table: Table = defaultdict(dict)
    with tempfile.TemporaryDirectory() as directory:
        home = Home(Path(directory))
        try:
            for name in asked.browser:
                if BROWSERS[name].missing:
                    skipped.append(f"{name}: {BROWSERS[name].missing}")
                else:
                    _watch(home, name, names, asked, table)
        finally:
            home.close()
    _report(table, skipped)
    return 1 if skipped or any(failed for failed, _ in map(_sorted_out, table.items())) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.player.laboratory", description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true", help="install the players by npm first")
    parser.add_argument("--player", action="append", choices=players.PLAYERS)
    parser.add_argument("--browser", action="append", choices=BROWSERS)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS)
    parser.add_argument("--at-once", type=int, default=3, help="how many windows")
    parser.add_argument("--once", action="store_true", help="play no failed run again, as on a busy machine")
    parser.add_argument("--events", action="store_true", help="print what was reported")
    parser.add_argument("--module", type=Path, help="another player.js, to see its faults")
    asked = parser.parse_args()
    asked.player = asked.player or list(players.PLAYERS)
    asked.browser = asked.browser or list(BROWSERS)
    asked.scenario = asked.scenario or list(SCENARIOS)
    return asked


def _what_is_there(names: list[str]) -> tuple[list[str], list[str]]:
    """Make the films; return the players that can be tested, and why others cannot."""
    if not players.are_there():
        return [players.PLAIN], [players.MISSING]
    if not media.FFMPEG:
        return [players.PLAIN], [
            "NOT TESTED: players other than the element alone. ffmpeg, which makes films, not found"
        ]
    media.make()
    return names, []


def _watch(home: Home, name: str, names: list[str], asked: argparse.Namespace, table: Table) -> None:
    runs = [(player, scenario) for player in names for scenario in asked.scenario if is_meant_for(player, scenario)]
    with BROWSERS[name].start() as driver:
        at_once = asked.at_once if BROWSERS[name].opens_windows else 1
        for first in range(0, len(runs), at_once):
            some = runs[first : first + at_once]
            found = _play(home, driver, some, name, asked)
            for each in [each for each in some if found[each] and not asked.once]:
                found |= _play(home, driver, [each], f"{name} (again, alone)", asked)
            for player, scenario in some:
                table[player, name][scenario] = found[player, scenario]


def _play(home: Home, driver, some: list[tuple[str, str]], name: str, asked: argparse.Namespace) -> dict:
    """Play some at once, and return what is wrong with each."""
    playing = {each: Run(home.service, *each, asked.module) for each in some}
    _open(driver, [run.address for run in playing.values()])
    found = {}
    for each, run in playing.items():
        found[each] = wrong = _outcome(run)
        print(f"{'FAIL' if wrong else 'ok  '} {name} {' '.join(each)} {wrong}", flush=True)  # noqa: T201
        if asked.events:
            print(run.log())  # noqa: T201
        run.stage.close()
    return found


def _open(driver, addresses: list[str]) -> None:
    if len(addresses) == 1:
        driver.get(addresses[0])
    else:
        browser.open_windows(driver, addresses)


def _outcome(run: Run) -> str:
    try:
        return "; ".join(run.faults())
    except AssertionError as fault:
        return f"{fault}"


def _sorted_out(row: tuple[tuple[str, str], dict[str, str]]) -> tuple[list[str], list[str]]:
    """Return the scenarios that failed, and those that failed for a known limit of the browser."""
    (player, name), results = row
    failed = [scenario for scenario, wrong in results.items() if wrong]
    limited = [scenario for scenario in failed if (name, player, scenario) in LIMITS]
    return [scenario for scenario in failed if scenario not in limited], limited


def _report(table: Table, skipped: list[str]) -> None:
    for (player, name), row in table.items():
        failed, limited = _sorted_out(((player, name), row))
        good = len(row) - len(failed) - len(limited)
        print(f"{player} in {name}: {good} of {len(row)} {' '.join(failed)}")  # noqa: T201
        for scenario in limited:
            reason = LIMITS[name, player, scenario]
            print(f"KNOWN LIMIT {scenario} with {player} in {name}: {reason}")  # noqa: T201
    for reason in skipped:
        print(f"SKIPPED {reason}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
