"""A database that is away, silent or slow, as a proxy before it has it."""

import contextlib
import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

import pymongo
from pymongo.errors import PyMongoError

from tests.battery.finding import Finding, control
from tests.battery.stage import AT, Remote, Stage, stage
from tests.proxy import Proxy
from tests.service import Service, wait_until

CLIENTS = 24
OUTAGE_SECONDS = 10
BLACK_HOLE_SECONDS = 6
LATENCY_SECONDS = 0.2
KNOWN_SECONDS = 3  # after which everybody knows that it is away
RETURN_SECONDS = 2


class Exchange(NamedTuple):
    """One request of a client: when it began, how long it took, what it got."""

    began: float
    seconds: float
    status: int | str


def experiments() -> Iterator[Finding]:
    """Take the database away in two ways, bring it back, slow it down; and see a plain driver hang."""
    with stage() as built:
        proxy = Proxy(("127.0.0.1", pymongo.uri_parser.parse_uri(built.database.uri)["nodelist"][0][1]))
        uri = f"mongodb://127.0.0.1:{proxy.port}/outages?directConnection=true&retryWrites=false"
        service = built.serve(uri=uri, WEB_CONCURRENCY=2)
        yield away(service, proxy, "refuse", "an outage", OUTAGE_SECONDS)
        yield away(service, proxy, "swallow", "a silent database", BLACK_HOLE_SECONDS)
        yield from slow(built, service, proxy)
        yield plain_driver(proxy)
        proxy.close()


def away(service: Service, proxy: Proxy, how: str, name: str, seconds: float) -> Finding:
    """Have clients ask all the time, while the database goes and returns."""
    with Askers(service) as askers:
        wait_until(lambda: len(askers.exchanges) > 5 * CLIENTS)
        gone = time.monotonic()
        getattr(proxy, how)()
        time.sleep(seconds)
        proxy.come_back()
        back = time.monotonic()
        # Still ask when all has to be well again: whoever fails then is to be seen.
        wait_until(lambda: [each for each in askers.exchanges if each.began > back + RETURN_SECONDS + 1])
    during = [each for each in askers.exchanges if gone + 0.1 < each.began and each.began + each.seconds < back]
    known = [each.seconds for each in during if each.began > gone + KNOWN_SECONDS]
    good = min(each.began + each.seconds for each in askers.exchanges if each.status == 201 and each.began > back)
    last_bad = max((each.began for each in askers.exchanges if each.status != 201), default=back)
    returned = max(good, last_bad) - back
    statuses = Counter(each.status for each in during)
    longest = max(each.seconds for each in askers.exchanges)
    figures = (
        f"{len(during)} answers during it: {', '.join(f'{count} × {status}' for status, count in statuses.items())};"
        f" longest {longest:.1f} s, p50 after {KNOWN_SECONDS} s {1000 * median(known):.0f} ms,"
        f" all succeed {returned:.1f} s after its return"
    )
    holds = set(statuses) == {503} and longest < 3.5 and median(known) < 0.05 and returned <= RETURN_SECONDS
    return Finding(f"{name} of {seconds} s, {CLIENTS} clients", figures, holds)


def slow(built: Stage, service: Service, proxy: Proxy) -> Iterator[Finding]:
    """Make every message to and from the database take its time."""
    client = Remote(service.port)
    path = f"/api/sessions/{client.new_session()}/events"
    proxy.delay_seconds = LATENCY_SECONDS / 2
    with Askers(service, count=8) as askers:
        wait_until(lambda: len(askers.exchanges) >= 100)
    proxy.delay_seconds = 0
    statuses = Counter(each.status for each in askers.exchanges)
    took = median(each.seconds for each in askers.exchanges)
    figures = f"{', '.join(f'{count} × {status}' for status, count in statuses.items())}, p50 {1000 * took:.0f} ms"
    holds = set(statuses) == {201} and took >= LATENCY_SECONDS  # less, and there was none
    yield Finding(f"latency of {LATENCY_SECONDS * 1000:.0f} ms, 8 clients", figures, holds)
    assert client.post(path, {"type": "t", "timestamp": AT}).status_code == 201
    client.close()


def plain_driver(proxy: Proxy) -> Finding:
    """Ask a black hole with the driver's own settings."""
    proxy.swallow()
    done = threading.Event()

    def ask() -> None:
        with contextlib.suppress(PyMongoError):
            pymongo.MongoClient("127.0.0.1", proxy.port, directConnection=True).x.y.find_one()
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    answered = done.wait(BLACK_HOLE_SECONDS)
    proxy.come_back()
    waited = "answered" if answered else f"no answer after {BLACK_HOLE_SECONDS} s"
    return control("a black hole, with the driver's default settings", waited, answered)


class Askers:
    """Clients that create a session, again and again, until the block ends."""

    def __init__(self, service: Service, count: int = CLIENTS):
        self.exchanges: list[Exchange] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(service.port,)) for _ in range(count)]

    def __enter__(self) -> "Askers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, port: int) -> None:
        client = Remote(port)
        while not self._over.wait(0.02):
            began = time.monotonic()
            try:
                status: int | str = client.post("/api/sessions", {"title": "x"}).status_code
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
            self.exchanges.append(Exchange(began, time.monotonic() - began, status))
        client.close()
