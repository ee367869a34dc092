"""The service compared with a bare database loop and with a simple app: `python -m tests.benchmark`.

Starts everything that it needs and prints tables of ratios from interleaved runs, which are stable on a busy machine.
"""

import contextlib
import gc
import http.client
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
import pymongo

from tests.benchmark import afternoon, videos
from tests.benchmark.contender import Contender, processor_microseconds
from tests.benchmark.limit import EVENT, Limit
from tests.service import PROJECT, SECRET, UNLIMITED, Service, mint, serve
from videosession.app import create_app
from videosession.embedded import Embedded
from videosession.services import services_of

AFTERNOON = "tests.benchmark.afternoon:application()"
PROCESSES = 2
ORDINARY = 100  # events of a session that are appended as players do, not put there


class Row(NamedTuple):
    """An operation that all three do `times` times a round; reading needs a session of `events` events."""

    name: str
    verb: str
    times: int
    events: int = 0
    connections: int = 8

    def rounds(self, rounds: int) -> int:
        """Return the number of rounds: fewer if one takes seconds."""
        return rounds if self.events < 100_000 else max(rounds // 3, 1)


ROWS = [
    Row("append one", "append", 100),
    Row("append 100", "append_batch", 3),
    Row("read 100", "read", 20, events=100),
    Row("read 10 000", "read", 1, events=10_000, connections=2),
    Row("read 100 000", "read", 1, events=100_000, connections=1),
]


class Bench:
    """The service, the simple app and the bare loop, on one database."""

    def __init__(self, directory: Path, settings: dict, uri: str):
        self.directory, self.uri = directory, uri
        self._settings = settings | UNLIMITED | {"WEB_CONCURRENCY": PROCESSES, "LOG_LEVEL": "WARNING"}
        database = pymongo.MongoClient(uri).get_default_database()
        self._events = database["afternoon_events"]
        self._events.create_index([("sessionId", 1), ("timestamp", 1)])
        app = create_app({"JWT_SECRET": SECRET} | settings)
        services_of(app).database.create_indexes()
        self._services = [self.serve(), self.serve(AFTERNOON, MONGODB_URI=uri)]
        self.ours = Contender(app, self._services[0], takes_batches=True)
        self.theirs = Contender(afternoon.create_app(uri, SECRET), self._services[1], takes_batches=False)
        self.limit = Limit(database)
        gc.freeze()  # as wsgi.py does

    def serve(self, application: str = "wsgi:app", **settings) -> Service:
        """Start gunicorn as the Procfile does."""
        return serve(self.directory, "", application=application, **self._settings | settings)

    def session(self, count: int) -> str:
        """Make a session of so many events for the service."""
        session_id = self.ours.new_session()
        if count > ORDINARY:
            self.limit.fill(session_id, count)
        else:
            for _ in range(count):
                self.ours.append(session_id)
        return session_id

    def _sessions(self, count: int) -> list[str]:
        """Make a session of so many events for the service, and another for the simple app."""
        ours, theirs = self.session(count), self.theirs.new_session()
        start = datetime.fromisoformat(str(EVENT["timestamp"]))
        for place in range(0, count, 1000):
            instants = (start + timedelta(seconds=number / 4) for number in range(place, min(place + 1000, count)))
            self._events.insert_many([afternoon.document(EVENT, instant, theirs) for instant in instants])
        return [ours, theirs]

    def arguments(self, row: Row) -> list[list[str]]:
        """Return the arguments of a row's verb: for the service and the bare loop, and for the simple app."""
        return [[session_id] for session_id in self._sessions(row.events)] if row.events else [[], []]

    def limit_rate(self, verb: str, arguments: list, threads: int, seconds: float) -> float:
        """Run the bare loop in as many processes as the service has; return its operations per second."""
        each = [str(max(threads // PROCESSES, 1)), str(seconds)]
        command = [sys.executable, "-m", "tests.benchmark.limit", self.uri, verb, json.dumps(arguments), *each]
        running = [
            subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) for _ in range(min(PROCESSES, threads))
        ]
        return sum(float(process.communicate()[0]) for process in running)

    def close(self) -> None:
        for service in self._services:
            service.stop()


def processor(bench: Bench, rows: list[Row], rounds: int) -> Iterator[str]:
    """Compare the processor time of a request, in this process: it is stable on a busy machine."""
    yield from ("| processor time | µs | ratio to the simple app | ratio to the bare loop |", "|---|---|---|---|")
    for row in rows:
        ours, theirs = bench.arguments(row)
        deeds = [
            partial(getattr(bench.ours, row.verb), *ours),
            partial(getattr(bench.theirs, row.verb), *theirs),
            partial(getattr(bench.limit, row.verb), *ours),
        ]
        measured = [[processor_microseconds(deed, row.times) for deed in deeds] for _ in range(row.rounds(rounds))]
        yield _line(row.name, measured)


def rates(bench: Bench, rows: list[Row], rounds: int, seconds: float) -> Iterator[str]:
    """Compare how many requests are answered over HTTP."""
    yield from (
        "| over HTTP | requests per second | ratio to the simple app | ratio to the bare loop |",
        "|---|---|---|---|",
    )
    for row in rows:
        ours, theirs = bench.arguments(row)
        measured = [
            [
                bench.ours.rate(row.verb, ours, row.connections, seconds),
                bench.theirs.rate(row.verb, theirs, row.connections, seconds),
                bench.limit_rate(row.verb, ours, row.connections, seconds),
            ]
            for _ in range(row.rounds(rounds))
        ]
        yield _line(row.name, measured)


def _line(name: str, measured: list[list[float]]) -> str:
    ours = median(round_[0] for round_ in measured)
    of_theirs, of_limit = (median(round_[0] / round_[other] for round_ in measured) for other in (1, 2))
    return f"| {name} | {ours:,.{0 if ours >= 10 else 1}f} | {of_theirs:.2f} | {of_limit:.2f} |"


def pushes(bench: Bench, rounds: int) -> str:
    """Compare an append with the one call that it cannot do without: an update that pushes."""
    ratios = [
        processor_microseconds(bench.ours.append, 100) / processor_microseconds(bench.limit.push, 100)
        for _ in range(rounds)
    ]
    return f"An append takes {median(ratios):.2f} times the processor time of a bare update_one with $push."


def batches(bench: Bench, rounds: int) -> str:
    """Return how many times as much a hundred appends take as a batch of a hundred."""
    ratios = [
        100 * processor_microseconds(bench.ours.append, 30) / processor_microseconds(bench.ours.append_batch, 3)
        for _ in range(rounds)
    ]
    return f"100 appends take {median(ratios):.0f} times the processor time of a batch of 100."


def timelines(bench: Bench, rounds: int, events: int) -> str:
    """Return how a timeline compares with reading the same events."""
    session_id = bench.session(events)
    ratios = [
        processor_microseconds(lambda: bench.ours.timeline(session_id), 1)
        / processor_microseconds(lambda: bench.ours.read(session_id), 1)
        for _ in range(rounds)
    ]
    return f"The timeline of {events:,} events takes {median(ratios):.1f} times the processor time of reading them."


def lengths(bench: Bench, largest: int) -> Iterator[str]:
    """Report what an append costs in longer and longer sessions, and what reading the longest costs."""
    yield from ("| append to a session of so many events | ms | µs of processor time |", "|---|---|---|")
    for size in [10**exponent for exponent in range(1, 7) if 10**exponent <= largest]:
        append = partial(bench.ours.append, session_id := bench.session(size))
        append()
        started = time.monotonic()
        microseconds = processor_microseconds(append, 200)
        yield f"| {size:,} | {(time.monotonic() - started) / 200 * 1000:.2f} | {microseconds:.0f} |"
    yield ""
    yield from longest(bench, session_id)


def longest(bench: Bench, session_id: str) -> Iterator[str]:
    """Report the time to the first and to the last byte of the longest session, and the worker's peak memory."""
    service = bench.serve(WEB_CONCURRENCY=1)
    [worker] = service.worker_pids()
    for media_type, path in (("JSON", ""), ("NDJSON", "/events")):
        before = _most_mebibytes(worker)
        first, seconds, size = _stream(service, f"/api/sessions/{session_id}{path}", media_type)
        told = f"As {media_type}, its first byte arrives after {first:.1f} s, all {size:.0f} MiB after {seconds:.1f} s"
        yield f"{told}; the worker grows from {before:.0f} to {_most_mebibytes(worker):.0f} MiB."
    service.stop()


def _stream(service: Service, path: str, media_type: str) -> tuple[float, float, float]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=300)
    accept = {"JSON": "application/json", "NDJSON": "application/x-ndjson"}[media_type]
    started, size = time.monotonic(), 0
    connection.request("GET", path, headers={"Authorization": f"Bearer {mint()}", "Accept": accept})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    first = time.monotonic() - started
    while piece := answer.read(1 << 20):
        size += len(piece)
    connection.close()
    return first, time.monotonic() - started, size / 2**20


def _most_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def start(bench: Bench, rounds: int) -> str:
    """Return how long it takes from the command to the first answer."""

    def seconds(application: str, **settings) -> float:
        started = time.monotonic()
        service = bench.serve(application, **settings)
        passed = time.monotonic() - started
        service.stop()
        return passed

    measured = [(seconds("wsgi:app"), seconds(AFTERNOON, MONGODB_URI=bench.uri)) for _ in range(rounds)]
    ours, theirs = (median(each) for each in zip(*measured, strict=True))
    return f"The service answers {ours:.2f} s after its start, the simple app {theirs:.2f} s after its start."


@contextlib.contextmanager
def bench_on(uri: str | None) -> Iterator[Bench]:
    """Set everything up on a database, by default the embedded one, and clean up afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        embedded = None if uri else Embedded(directory)
        if embedded:
            embedded.ensure()
        settings = {"INSTANCE_PATH": directory} if embedded else {"MONGODB_URI": uri}
        bench = Bench(Path(directory), settings, embedded.uri if embedded else str(uri))
        try:
            yield bench
        finally:
            bench.close()
            if embedded:
                embedded.close()


@click.command()
@click.option(
    "--mongodb-uri", help="The database to use instead of the embedded one; it should contain nothing of value."
)
@click.option(
    "--largest",
    default=100_000,
    show_default=True,
    type=click.IntRange(10),
    help="Number of events of the longest session.",
)
@click.option("--rounds", default=9, show_default=True, help="Number of repetitions of each comparison.")
@click.option("--seconds", default=3.0, show_default=True, help="Duration of each round over HTTP.")
def main(mongodb_uri: str | None, largest: int, rounds: int, seconds: float) -> None:
    """Measure, and print tables."""
    os.environ["FLASK_SKIP_DOTENV"] = "1"
    logging.disable(logging.CRITICAL)
    rows = [row for row in ROWS if row.events <= largest]
    with bench_on(mongodb_uri) as bench:
        parts: list[Callable[[], Iterable[str]]] = [
            lambda: processor(bench, rows, rounds),
            lambda: [pushes(bench, rounds), batches(bench, rounds), timelines(bench, rounds, min(largest, 10_000))],
            lambda: rates(bench, rows, max(rounds // 3, 1), seconds),
            lambda: lengths(bench, largest),
            lambda: [start(bench, rounds)],
            lambda: videos.rows(min(largest, 10_000), rounds),
        ]
        for part in parts:
            for line in part():
                click.echo(line)
            click.echo()


main()
