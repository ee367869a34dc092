"""Logs made by chance: of players without sense, and of viewers whose players lose and mix up events."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from videosession.timeline.vocabulary import TYPES

KNOWN = sorted(set(TYPES.values()))
NAMES = sorted(TYPES)
START = datetime(2026, 3, 1, tzinfo=UTC)

Log = list[dict[str, Any]]
Said = tuple[float, str, dict[str, Any]]


def log(said: list[Said]) -> Log:
    """Return what was said, at seconds from the start, as events in their order."""
    start = int(START.timestamp()) * 1_000_000
    events = []
    for place, (seconds, name, data) in enumerate(sorted(said, key=lambda each: each[0])):
        micros = round(seconds * 1000) * 1000
        stamp = (START + timedelta(microseconds=micros)).isoformat()
        events.append(
            {"eventId": f"e{place}", "type": name, "timestamp": stamp, "data": data, "instant": start + micros}
        )
    return events


def senseless(chance: Random) -> list[Said]:
    """Say anything at any time, more or less near to what a player would."""
    said, seconds = [], 0.0
    far = chance.choice([10, 60, 100])
    for _ in range(chance.randint(1, 40)):
        seconds += chance.choice([0, 0.5, 5, 30]) * chance.random()
        at = [
            round(chance.uniform(0, far), 1),
            round(seconds + chance.uniform(-1, 1), 1),
            -1,
            "5",
            "x",
            True,
            None,
            1e9,
        ]
        data: dict[str, Any] = {}
        for field, odds in (("position", 0.7), ("from", 0.3), ("to", 0.5), ("playhead", 0.05), ("toPosition", 0.1)):
            if chance.random() < odds:
                data[field] = chance.choices(at, [40, 40, 2, 4, 2, 2, 4, 2])[0]
        if chance.random() < 0.1:
            data["rate"] = chance.choice([0.5, 1, 1.5, 2, "1.50", 0])
        if chance.random() < 0.1:
            data["duration"] = chance.choice([far, far / 2, far + 20, round(seconds, 1) + 5])
        for field, odds in (("toNode", 0.3), ("node", 0.2), ("fromNode", 0.1)):
            if chance.random() < odds:
                data[field] = chance.choice("abc")
        if chance.random() < 0.1:
            data |= {"index": chance.choice([1, 2, "1"]), "title": chance.choice("xy"), "cause": "user"}
        said.append((seconds, chance.choice(KNOWN if chance.random() < 0.8 else [*NAMES, "hello"]), data))
    return said


def viewer(chance: Random) -> list[Said]:
    """Watch, pause, seek, branch and replay, with pings or without."""
    said: list[Said] = []
    seconds, at, rate, node = 0.0, 0.0, 1.0, "a"
    length = chance.choice([60.0, 300.0])
    pings = chance.choice([0, 0, 5, 10, 10])

    def say(name: str, **data: Any) -> None:
        said.append((seconds, name, {key.strip("_"): value for key, value in data.items()}))

    say("sessionStart", node=node, duration=length)
    for _ in range(chance.randint(1, 12)):
        say("play", position=round(at, 3))
        left = min(chance.choice([2, 12, 45, 150]) * chance.uniform(0.5, 1.5), (length - at) / rate)
        while pings and left > pings:
            seconds, at, left = seconds + pings, at + pings * rate, left - pings
            say("ping", position=round(at, 3))
        seconds, at = seconds + left, min(at + left * rate, length)
        deed = chance.random()
        if at >= length - 0.5:
            say("complete", position=chance.choice([round(at, 3), 0, round(at - 3, 3)]))
            at = 0.0
        elif deed < 0.15:
            node, before = chance.choice("abc"), node
            say("choice", toNode=node, fromNode=before, position=round(at, 3), duration=length, option="left")
            at = 0.0
        elif deed < 0.3:
            say("bufferStart", position=round(at, 3))
            seconds += chance.uniform(0, 8)
            say("bufferEnd", position=round(at, 3))
        elif deed < 0.65:
            to = round(chance.choice([chance.uniform(0, length - 1), min(at + 10, length), max(at - 10, 0)]), 3)
            if chance.random() < 0.7:
                say("seek", from_=round(at, 3), to=to)
            at = to
        else:
            say("pause", position=round(at, 3))
            seconds += chance.choice([0.5, 4, 100]) * chance.random()
        if chance.random() < 0.15:
            rate = chance.choice([0.5, 1.0, 1.5, 2.0])
            say("rateChange", rate=rate, position=round(at, 3))
    return said


def borderline(chance: Random) -> list[Said]:
    """Say positions that playback just could have reached, or just not, from any of the latest ones."""
    said: list[Said] = []
    seconds, known = 0.0, [(0.0, 0.0)]
    names = chance.sample(KNOWN, 5) + ["play", "pause", "seek"] + ["ping"] * chance.choice([0, 0, 4])
    rates: tuple[float, ...] = chance.choice([(), (), (1, 2), (0.5, 1.5)])
    named = chance.random() < 0.5
    pace = chance.choice([1, 1, 1, 1.5, 2, 3.5])

    def position() -> float:
        then, at = chance.choice(known[-3:])
        passed = seconds - then
        further = passed * chance.choice([0, pace, pace, pace, 0.5, 0.75, 1.25, 3, 4])
        off = chance.choice([0, 0, 0, 0.1, 0.5, 1, 2, 3, 10, 30, -0.1, -0.5, -1, -2])
        return round(max(0.0, at + further + off * chance.choice([1, 1, chance.random()])), 3)

    for _ in range(chance.randint(2, 16)):
        seconds += round(chance.choice([0, 0.1, 1, 2, 4, 10, 10, 13, 20, 61, 130, 200]) * chance.choice([1, 1, 1.1]), 3)
        name = chance.choice(names)
        data: dict[str, Any] = {"position": position()} if chance.random() < 0.8 else {}
        if name.startswith("seek") and chance.random() < 0.8:
            data = {"from": position(), "to": position()} if chance.random() < 0.7 else data | {"to": position()}
        if rates and chance.random() < 0.2:
            data["rate"] = chance.choice(rates)
        if chance.random() < 0.1:
            data["duration"] = round(chance.choice([60, 200, position(), position() + 1]), 3) or 1
        if name in ("choice", "nodeEnter") or named:
            data |= {field: chance.choice("ab") for field in ("node", "toNode", "fromNode") if chance.random() < 0.5}
        said.append((seconds, name, data))
        told = data.get("to", data.get("position"))
        if told is not None:
            known.append((seconds, told))
    return said


def disturbed(said: list[Said], chance: Random) -> list[Said]:
    """Lose, repeat, move and falsify some of what a player says."""
    kind = chance.choice(["no", "lost", "rates", "plays", "clock", "old", "absurd", "load", "silent"])
    drops = {"rates": "rateChange", "plays": "play", "silent": "seek"}.get(kind)
    out: list[Said] = []
    for seconds, name, data in said:
        if (kind == "lost" and chance.random() < 0.1) or (name == drops and chance.random() < 0.6):
            continue
        if kind == "clock":
            seconds = round(max(0.0, seconds + chance.uniform(-0.3, 0.3)), 3)
        if kind == "absurd" and name == "ping" and chance.random() < 0.1:
            data = {**data, "position": chance.choice([0.0, 4294967.2, 7.0])}
        out.append((seconds, name, data))
        if kind == "old" and name == "seek":
            out.append((seconds + 0.1, chance.choice(["ping", "play"]), {"position": data["from"]}))
        if kind == "load" and chance.random() < 0.05:
            out.append((seconds + 2, "sessionStart", {}))
    return out


def logs(count: int, seed: int) -> Iterator[Log]:
    """Make so many logs, the same ones for the same seed."""
    for place in range(count):
        chance = Random(seed * 1_000_003 + place)
        kind = (senseless, borderline, borderline, lambda chance: disturbed(viewer(chance), chance))[place % 4]
        yield log(kind(chance))
