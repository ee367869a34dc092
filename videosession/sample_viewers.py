"""Simulated viewers of the demo's film; a fixed seed makes them the same every time."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from videosession.sample_sessions import Script

VIDEO_ID = "demo"
VIEWERS = 200
ENDED = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
SEED = 11
PLAN: dict[str, Any] = {
    "title": "The demo's film",
    "nodes": [
        {"id": "harbour", "title": "Harbour", "lengthSeconds": 18.0},
        {"id": "boat", "title": "Boat", "lengthSeconds": 24.0},
        {"id": "lighthouse", "title": "Lighthouse", "lengthSeconds": 14.0},
        {"id": "morning", "title": "Morning", "lengthSeconds": 8.0},
        {"id": "storm", "title": "Storm", "lengthSeconds": 20.0},
    ],
    "edges": [
        {"from": "harbour", "to": "boat", "option": "Take the boat"},
        {"from": "harbour", "to": "lighthouse", "option": "Climb the lighthouse"},
        {"from": "boat", "to": "lighthouse", "option": "Land at the lighthouse"},
        {"from": "boat", "to": "morning", "option": "Sail until morning"},
        {"from": "boat", "to": "storm", "option": "Sail into the storm"},
        {"from": "lighthouse", "to": "boat", "option": "Down to the boat"},
        {"from": "lighthouse", "to": "morning"},
        {"from": "morning", "to": "harbour", "option": "Once more"},
    ],
}
LENGTHS: dict[str, float] = {node["id"]: node["lengthSeconds"] for node in PLAN["nodes"]}
# The branches from each part of the film: probability, target and option; without an option the film goes on by itself.
WAYS: dict[str, list[tuple[float, str, str | None]]] = {
    "harbour": [(0.62, "boat", "Take the boat"), (0.38, "lighthouse", "Climb the lighthouse")],
    "boat": [(0.35, "lighthouse", "Land at the lighthouse"), (0.65, "morning", "Sail until morning")],
    "lighthouse": [(0.25, "boat", "Down to the boat"), (0.75, "morning", None)],
    "morning": [(0.12, "harbour", "Once more"), (0.88, "", None)],
}
LEAVES = {
    "harbour": 0.12,
    "boat": 0.1,
    "lighthouse": 0.2,
    "morning": 0.05,
}  # the share of viewers who leave within each part
RETURNS = 0.4  # the share of viewers who go back to see the whale
WHALE = (11.0, 13.0)  # seconds of the boat
MOST_PARTS = 8


class Viewer(NamedTuple):
    """A simulated viewer: the id, the cut of the film, and the script of the player's events."""

    id: str
    variant: str
    script: Script


def viewers(count: int, seed: int = SEED) -> Iterator[Viewer]:
    """Yield `count` viewings; some viewers come twice."""
    chance = random.Random(seed)  # noqa: S311  the same every time, and nothing secret
    for place in range(count):
        name = f"viewer-{chance.randrange(place + 1) if chance.random() < 0.1 else place}"
        yield Viewer(name, chance.choice("AB"), _Script(chance).write())


class _Script:
    """Writes the script of one viewing."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._clock = 0.0
        self._script: Script = []

    def _send(self, kind: str, **data: Any) -> None:
        self._script.append((round(self._clock, 3), kind, data))

    def _play(self, start: float, end: float) -> None:
        self._send("play", position=round(start, 3))
        self._clock += max(end - start, 0)

    def write(self) -> Script:
        node = "harbour"
        self._send("sessionStart", node=node, duration=LENGTHS[node])
        for _ in range(MOST_PARTS):
            length = LENGTHS[node]
            if self._chance.random() < LEAVES[node]:
                self._leave(length)
                break
            self._watch(node, length)
            to, option = self._way(node)
            if not to:
                self._send("complete", position=length)
                break
            self._go(to, option, length)
            node = to
        return self._script

    def _leave(self, length: float) -> None:
        end = self._chance.triangular(1.5, length, length / 3)
        self._play(0, end)
        self._send("sessionEnd", position=round(end, 3))

    def _watch(self, node: str, length: float) -> None:
        """Watch a part of the film; randomly watch the whale again, or skip to the end."""
        if node == "boat" and self._chance.random() < RETURNS:
            seen = self._chance.uniform(WHALE[1], WHALE[1] + 0.5)
            self._play(0, seen)
            again = self._chance.uniform(WHALE[0] - 0.3, WHALE[0])
            self._send("seek", **{"from": round(seen, 3), "to": round(again, 3)})
            self._play(again, length)
        elif node == "lighthouse" and self._chance.random() < 0.3:
            tired = self._chance.uniform(4, 7)
            self._play(0, tired)
            self._send("seek", **{"from": round(tired, 3), "to": length - 4})
            self._play(length - 4, length)
        else:
            self._play(0, length)

    def _way(self, node: str) -> tuple[str, str | None]:
        weights = [share for share, _, _ in WAYS[node]]
        [(_, to, option)] = self._chance.choices(WAYS[node], weights)
        return to, option

    def _go(self, to: str, option: str | None, position: float) -> None:
        if option is None:
            self._send("nodeEnter", node=to, fromPosition=position, duration=LENGTHS[to])
        else:
            self._clock += self._chance.uniform(0.3, 3)
            self._send("choice", toNode=to, option=option, fromPosition=position, duration=LENGTHS[to])
