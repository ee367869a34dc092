"""What takes too long for every day: viewers at random, and a server that is killed and comes back.

    python -m tests.player.battery [VIEWERS]

Pages come from another origin than the service. Says of each viewer what the timeline tells otherwise than it was.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.player import browser
from tests.player.played import Played
from tests.player.truth import lost_or_duplicated
from tests.service import SECRET, Service, free_port, procfile, wait_until
from videosession.embedded import Embedded

AT_ONCE = 6
STEPS = 10
AWAY_SECONDS = 10


class Home:
    """A service of one's own, with its database, that can be killed and started again on the same port."""

    def __init__(self, directory: Path):
        self._directory = directory
        self._port = free_port()
        self.database = Embedded(directory / "database")
        self.database.ensure()
        self.service = self.start()

    def start(self) -> Service:
        settings: dict[str, Any] = {
            "MONGODB_URI": self.database.uri,
            "JWT_SECRET": SECRET,
            "PORT": self._port,
            "CORS_ORIGINS": "*",
        }
        log = self._directory / f"log-{time.monotonic()}"
        self.service = Service(
            procfile("web"),
            self._port,
            log,
            FLASK_SKIP_DOTENV=1,
            PLAYER_RATE_LIMIT="off",
            **settings,
        )
        return self.service.wait()

    def kill(self) -> None:
        os.killpg(self.service.process.pid, signal.SIGKILL)
        self.service.process.wait()

    def close(self) -> None:
        self.service.stop()
        self.database.close()


def tell(name: str, played: Played) -> bool:
    """Print how it went; whether well."""
    found = played.faults()
    found += lost_or_duplicated(played.events()) if "fault" not in played.outcome else []
    print(f"{'FAIL' if found else 'ok'}  {name}, {len(played.events())} events", *found, sep="\n      ", flush=True)  # noqa: T201
    if found:
        print(played.log(), flush=True)  # noqa: T201
    played.stage.close()
    return not found


def without_a_server(home: Home, driver) -> list[bool]:
    """Watch while the service is killed, and gone for ten seconds."""
    played = Played(home.service, "watches_long", seconds="21", url=f"http://127.0.0.1:{home.service.port}")
    browser.open_windows(driver, [played.address])
    wait_until(lambda: "seekEnd" in [event["type"] for event in played.events()])
    home.kill()
    time.sleep(AWAY_SECONDS)
    home.start()
    return [tell(f"{AWAY_SECONDS} s without a server", played)]


def at_random(home: Home, driver, seeds: range) -> list[bool]:
    """Do anything, by chance, with faults on the way."""
    viewers = {seed: Played(home.service, "does_anything", seed=str(seed), steps=str(STEPS)) for seed in seeds}
    browser.open_windows(driver, [played.address for played in viewers.values()])
    return [tell(f"at random, seed {seed}", played) for seed, played in viewers.items()]


def main(viewers: int) -> int:
    with tempfile.TemporaryDirectory() as directory:
        home = Home(Path(directory))
        try:
            with browser.chromium(Path(directory) / "profile") as driver:
                went_well = without_a_server(home, driver)
                for first in range(1, viewers + 1, AT_ONCE):
                    went_well += at_random(home, driver, range(first, min(first + AT_ONCE, viewers + 1)))
        finally:
            home.close()
    print(f"{sum(went_well)} of {len(went_well)} as it was")  # noqa: T201
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 24))
