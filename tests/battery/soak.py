"""Two minutes of everything at once, with a reload in the middle."""

import contextlib
import http.client
import math
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.battery.finding import Finding, control, percentile
from tests.battery.reloads import reload
from tests.battery.stage import AT, Remote, stage
from tests.service import Service

SECONDS, CLIENTS = 120, 8
CONTROL_SECONDS = 8
PACE_SECONDS = 0.05  # a load that it can carry: how long requests queue would tell nothing of the service
SLOWER, LARGER = 1.5, 1.1


def experiments() -> Iterator[Finding]:
    """Soak it; as controls, reload by killing, and soak a service that keeps something of every request."""
    with stage() as built:
        service = built.serve(WEB_CONCURRENCY=2)
        soaked = Soak(service, SECONDS, lambda: reload(service, 1))
        what = f"soak test of {SECONDS} s, {CLIENTS} clients, a reload in the middle"
        yield Finding(what, str(soaked), not soaked.troubles and soaked.is_flat)
        killed = Soak(service, CONTROL_SECONDS, lambda: _kill_workers(service))
        yield control("the same, workers killed instead", str(killed), not killed.troubles)
        hoarding = built.serve(application="tests.battery.hoarding:app", WEB_CONCURRENCY=2)
        hoarded = Soak(hoarding, CONTROL_SECONDS, lambda: None)
        yield control("the same, a service that leaks memory with every request", str(hoarded), hoarded.is_flat)


class Soak:
    """Clients that create, append, read, list, draw and delete; `half_time` happens in the middle."""

    def __init__(self, service: Service, seconds: float, half_time):
        self.took: list[tuple[float, float]] = []
        self.idle: list[tuple[float, float]] = []
        self.troubles = Counter()
        self._seconds, self._started = seconds, time.monotonic()
        threads = [threading.Thread(target=self._use, args=(service.port, number)) for number in range(CLIENTS)]
        threads.append(threading.Thread(target=self._ask_for_nothing, args=(service.port,)))
        for thread in threads:
            thread.start()
        time.sleep(seconds / 2)
        half_time()
        time.sleep(seconds / 6)
        memory_settled = _memory(service)
        for thread in threads:
            thread.join()
        self.memory = memory_settled, _memory(service)

    @property
    def is_flat(self) -> bool:
        """Return whether neither the time of a request nor the memory has grown."""
        first, last = (self.p99(self.took, quarter) for quarter in (0, 3))
        return last <= SLOWER * first and self.memory[1] <= LARGER * self.memory[0]

    def __str__(self) -> str:
        first, last = (1000 * self.p99(self.took, quarter) for quarter in (0, 3))
        idle_first, idle_last = (1000 * self.p99(self.idle, quarter) for quarter in (0, 3))
        return (
            f"{len(self.took)} requests, {sum(self.troubles.values())} errors;"
            f" p99 {first:.0f} ms in the first quarter, {last:.0f} ms in the last"
            f" (/livez meanwhile: {idle_first:.0f} and {idle_last:.0f} ms);"
            f" memory {self.memory[0]:.0f} MB after the middle, {self.memory[1]:.0f} MB at the end"
        )

    def p99(self, took: list[tuple[float, float]], quarter: int) -> float:
        """Return the time within which 99 % of a quarter's requests were answered."""
        return percentile([seconds for at, seconds in took if math.floor(at / self._seconds * 4) == quarter], 0.99)

    def _use(self, port: int, number: int) -> None:
        client, chance = Remote(port, f"soaker-{number}"), random.Random(number)
        path = None
        while (at := time.monotonic() - self._started) < self._seconds:
            method, where, body = self._next(path, chance)
            try:
                answer = client.request(method, where, body)
            except (OSError, http.client.HTTPException) as error:
                self.troubles[type(error).__name__] += 1
                continue
            self.took.append((at, time.monotonic() - self._started - at))
            if answer.status_code >= 400:
                self.troubles[answer.status_code] += 1
            if (method, where) == ("POST", "/api/sessions"):
                path = f"/api/sessions/{answer.json['id']}"
            elif method == "DELETE":
                path = None
            time.sleep(PACE_SECONDS)
        client.close()

    def _ask_for_nothing(self, port: int) -> None:
        client = Remote(port)
        while (at := time.monotonic() - self._started) < self._seconds:
            with contextlib.suppress(OSError, http.client.HTTPException):
                client.get("/livez")
                self.idle.append((at, time.monotonic() - self._started - at))
            time.sleep(PACE_SECONDS)
        client.close()

    def _next(self, path: str | None, chance: random.Random) -> tuple[str, str, object]:
        if path is None:
            return "POST", "/api/sessions", {"title": "soaked"}
        position = chance.randrange(600)
        event = {"type": chance.choice(["play", "pause", "seek"]), "timestamp": AT, "data": {"position": position}}
        deeds = {
            ("POST", f"{path}/events", "one"): 60,
            ("POST", f"{path}/events", "many"): 5,
            ("GET", path, ""): 15,
            ("GET", f"{path}/timeline", ""): 10,
            ("GET", "/api/sessions?limit=5", ""): 8,
            ("DELETE", path, ""): 2,
        }
        method, where, what = chance.choices(list(deeds), list(deeds.values()))[0]
        return method, where, {"one": event, "many": [event] * 10}.get(what)


def _memory(service: Service) -> float:
    """Return the megabytes that the workers hold."""
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in service.worker_pids()]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in statuses) / 1024


def _kill_workers(service: Service) -> None:
    for pid in service.worker_pids():
        os.kill(pid, signal.SIGKILL)
