"""What the most expensive request costs: a search that mutates the worst ones known, from a fixed seed."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.battery.finding import Finding, control
from tests.battery.stage import stage
from tests.counted_worker import memory
from tests.service import Service, mint

REQUESTS, KEPT, SEED = 300, 12, 16
MOST_SECONDS, MEBIBYTE = 1.0, 1024 * 1024
MOST_BYTES = 64 * MEBIBYTE
LARGEST, LARGEST_LINES = MEBIBYTE - 1, 8 * MEBIBYTE - 1
AT = "2026-03-01T10:00:00Z"
TYPES = ("play", "seek", "chapterStart", "choice", "choiceOffer", "x", 1, None)
# What stands where a value may, from harmless to refused.
VALUES = ("1", "1e400", '"a"', "[]", "{}", "null", '"\\ud800"', "1" * 30, '"\\u0000"', '{"$ref":1,"$id":2}', "0.1")
NAMES = ("node", "option", "title", "cause", "position", "x", "a.b", "\\u0000", "é", "to")


class Genes(NamedTuple):
    """A request: which form, and how much of everything in it."""

    form: str
    lines: int
    members: int
    name_length: int
    depth: int
    value: int
    kind: int
    name: int
    distinct: int


def experiments() -> Iterator[Finding]:
    """Measure each request's processor time and memory in the worker that answers it."""
    with stage() as built:
        search = Search(built.serve(WEB_CONCURRENCY=1))
        search.run()
        yield search.verdict(Finding, f"the most expensive of {REQUESTS} requests found by a search")
        search = Search(built.serve(application="tests.battery.boundless:app", WEB_CONCURRENCY=1))
        for genes in SEEDS:
            search.measure(genes)
        yield search.verdict(control, "the first of them, a service without a limit of values in a body")


SEEDS = [
    Genes("lines", 8, 1150, 900_000, 0, 1, 0, 5, 1),
    Genes("lines", 999, 100, 10, 0, 1, 0, 5, 0),
    Genes("array", 999, 1, 200, 0, 2, 2, 0, 1),
    Genes("array", 999, 8, 10, 0, 0, 1, 4, 1),
    Genes("array", 1, 60_000, 3, 0, 3, 0, 5, 1),
    Genes("array", 500, 1, 1, 99, 3, 5, 5, 0),
    Genes("one", 1, 50_000, 4, 0, 10, 5, 5, 1),
    Genes("unknown", 999, 140, 1, 0, 0, 5, 5, 1),
    Genes("unknown", 1, 140_000, 1, 0, 0, 5, 5, 1),
    Genes("unknown", 999, 1150, 1, 0, 1, 0, 5, 1),
    Genes("one", 1, 1, 900_000, 0, 2, 0, 0, 0),
    Genes("patch", 1, 10_000, 20, 0, 9, 5, 6, 1),
    Genes("session", 1, 50_000, 5, 3, 4, 5, 5, 1),
    Genes("plan", 500, 4, 100, 0, 2, 5, 0, 1),
    Genes("timeline", 1, 100, 1, 0, 0, 0, 0, 0),
    Genes("picture", 1, 100, 1, 0, 0, 0, 0, 0),
    Genes("read", 1, 1, 1, 0, 0, 0, 0, 0),
    Genes("query", 1, 300, 10, 0, 0, 0, 5, 1),
]


class Search:
    """Tries the seeds, and then changes of the most expensive ones."""

    def __init__(self, service: Service):
        self._service, self._chance = service, random.Random(SEED)
        self._token = mint()
        new = service.request("POST", "/api/sessions", {"title": "x", "videoId": "v"}, self._token)
        self._session = new.json["id"]
        self.costs: list[tuple[float, int, Genes, int]] = []

    def run(self) -> None:
        for genes in SEEDS:
            self.measure(genes)
        while len(self.costs) < REQUESTS:
            # By both: what takes long, and what takes much memory.
            rank: Callable = (lambda cost: cost[0]) if len(self.costs) % 2 else (lambda cost: cost[1])
            best = sorted(self.costs, key=rank, reverse=True)[:KEPT]
            self.measure(self._changed(self._chance.choice(best)[2]))

    def measure(self, genes: Genes) -> None:
        method, path, body, headers = self._request(genes)
        [pid] = self._service.worker_pids()
        before, seconds = memory(self._service), _processor_seconds(pid)
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # begins anew with the peak
        answer = self._service.request(method, path, body, self._token, **headers)
        took, grown = _processor_seconds(pid) - seconds, _peak(pid) - before
        self.costs.append((took, max(grown, 0), genes, answer.status_code))

    def verdict(self, make: Callable, what: str) -> Finding:
        longest, largest = max(self.costs), max(self.costs, key=lambda cost: cost[1])
        failures = sum(status == 500 for *_, status in self.costs)
        figures = (
            f"{longest[0]:.2f} s of processor time ({longest[2].form}, {longest[3]}),"
            f" {largest[1] // MEBIBYTE} MiB ({largest[2].form}, {largest[3]}); {failures} failures"
        )
        return make(what, figures, longest[0] < MOST_SECONDS and largest[1] < MOST_BYTES and not failures)

    def _changed(self, genes: Genes) -> Genes:
        field = self._chance.choice(genes._fields)
        if field == "form":
            return genes._replace(form=self._chance.choice(SEEDS).form)
        value = getattr(genes, field)
        factor = self._chance.choice([0.5, 2, 4, 0.25])
        changed = {
            "value": lambda: self._chance.randrange(len(VALUES)),
            "kind": lambda: self._chance.randrange(len(TYPES)),
            "name": lambda: self._chance.randrange(len(NAMES)),
            "distinct": lambda: 1 - value,
            "depth": lambda: self._chance.randrange(100),
        }.get(field, lambda: max(int(value * factor), 1))
        return genes._replace(**{field: changed()})

    def _request(self, genes: Genes) -> tuple[str, str, bytes | None, dict]:
        path, lines = f"/api/sessions/{self._session}", {"Content-Type": "application/x-ndjson"}
        count = min(genes.members * 500, 1_000_000)
        return {
            "lines": lambda: ("POST", f"{path}/events", _repeated(genes, _event, b"\n", LARGEST_LINES), lines),
            "array": lambda: ("POST", f"{path}/events", b"[%s]" % _repeated(genes, _event, b",", LARGEST - 2), {}),
            "unknown": lambda: ("POST", f"{path}/events", _repeated(genes, _unknown, b"\n", LARGEST_LINES), lines),
            "one": lambda: ("POST", f"{path}/events", _event(genes, 0)[:LARGEST], {}),
            "patch": lambda: ("PATCH", path, b'{"metadata":%s}' % _object(genes)[: LARGEST - 13], {}),
            "session": lambda: ("POST", "/api/sessions", b'{"title":"x","metadata":%s}' % _object(genes), {}),
            "plan": lambda: ("PUT", "/api/videos/plan?videoId=v", _plan(genes), {}),
            "timeline": lambda: ("GET", f"{path}/timeline?bins={count}", None, {}),
            "picture": lambda: ("GET", f"{path}/timeline?bins={count}", None, {"Accept": "image/svg+xml"}),
            "read": lambda: ("GET", path, None, {}),
            "query": lambda: ("GET", "/api/sessions?" + "&".join(f"x{n}=a" for n in range(genes.members)), None, {}),
        }[genes.form]()


def _repeated(genes: Genes, make: Callable[[Genes, int], bytes], between: bytes, most: int) -> bytes:
    """Return as many as the genes say, and as fit."""
    first = make(genes, 0)
    count = max(min(genes.lines, most // (len(first) + 8)), 1)
    return between.join(make(genes, number) for number in range(count))[:most]


def _event(genes: Genes, number: int) -> bytes:
    kind = json.dumps(TYPES[genes.kind % len(TYPES)]).encode()
    place = b'"eventId":"%d-%d",' % (number, genes.members) if genes.distinct else b""
    return b'{%s"type":%s,"timestamp":"%s","data":%s}' % (place, kind, AT.encode(), _object(genes))


def _unknown(genes: Genes, number: int) -> bytes:
    """Return an event with fields that no event has."""
    return b'{"type":"x","timestamp":"%s",%s' % (AT.encode(), _object(genes._replace(depth=0))[1:])


def _object(genes: Genes) -> bytes:
    """Return an object with so many members, so deep below one with a long name."""
    name, value = NAMES[genes.name % len(NAMES)], VALUES[genes.value % len(VALUES)]
    count = max(min(genes.members, 900_000 // (len(name) + len(value) + 10)), 1)
    inner = ",".join(f'"{name}{number if genes.distinct else ""}":{value}' for number in range(count))
    long = NAMES[genes.name % len(NAMES)] + "n" * min(genes.name_length, 900_000)
    deep = f'"{long}":{"[" * genes.depth}{{{inner}}}{"]" * genes.depth}'
    return f"{{{deep}}}".encode() if genes.depth or genes.name_length > 1 else f"{{{inner}}}".encode()


def _plan(genes: Genes) -> bytes:
    names = [f"{number}{'n' * min(genes.name_length, 190)}" for number in range(min(genes.lines, 2000))]
    edges = [
        {"from": one, "to": names[(place * 7 + step) % len(names)]}
        for place, one in enumerate(names)
        for step in range(min(genes.members, 8))
    ]
    return json.dumps({"nodes": [{"id": name, "lengthSeconds": 1} for name in names], "edges": edges}).encode()


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
