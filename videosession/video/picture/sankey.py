"""The choices as a Sankey diagram: where views went step by step, where they ended, and what nobody saw."""

from __future__ import annotations

from collections import Counter
from typing import Any

from videosession.video.arithmetic import Node
from videosession.video.picture.page import Page, count, named, percent, suppressed

STEPS = 6
NODES = 8
HEIGHT = 330.0
GAP = 16.0
BAR = 13.0
OTHERS = "\0others"  # not a client's name: it has a character that XML does not allow

Answer = dict[str, Any]
Place = tuple[int, Node]


def draw(answer: Answer, flows: list[Answer]) -> str:
    """Return an SVG of the answer about choices and the flows of the first steps."""
    if answer.get("suppressed"):
        return suppressed(answer)
    if "suppressed" in answer:
        return _bars(answer)
    if not answer["views"]:
        return _words("Nobody has watched this yet")
    return _Sankey(answer, flows).svg()


def _words(text: str) -> str:
    page = Page(text)
    page.said.append(text)
    return page.svg()


def _headline(answer: Answer) -> str:
    """Return the headline, about the choice that most views reached."""
    asked = [node for node in answer["nodes"] if node["edges"]]
    if not asked:
        return "No branches were taken"
    node = max(asked, key=lambda node: node.get("left") or node["sessions"])
    best = max(node["edges"], key=lambda edge: edge["first"] or 0)
    if best["first"] is None:
        return "Too few took each branch to show"
    what = best["option"] if best["option"] is not None else named(best["to"], 40)
    return f"{percent(best['firstShare'])} chose “{named(what, 36)}”" if best["cause"] == "choice" else (
        f"{percent(best['firstShare'])} went on to {named(best['to'], 36)}"
    )  # fmt: skip


class _Sankey:
    """Columns of nodes, each a bar as tall as its number of views; nodes that do not fit share one bar."""

    def __init__(self, answer: Answer, flows: list[Answer]) -> None:
        self.answer = answer
        self.page = Page(_headline(answer))
        self.page.say(f"{count(answer['views'], 'view')} by {count(answer['viewers'], 'viewer')}")
        self.links: Counter[tuple[Place, Place]] = Counter()
        self.ends: Counter[Place] = Counter()
        self.arrived: Counter[Place] = Counter()
        self._gather(flows)
        self.columns = 1 + max((step for step, _ in self.arrived), default=0)

    def _gather(self, flows: list[Answer]) -> None:
        sizes: Counter[Place] = Counter()
        for flow in flows:
            sizes[flow["step"], flow["from"]] += flow["sessions"]
            if not flow["ends"] and flow["step"] == STEPS - 1:
                sizes[STEPS, flow["to"]] += flow["sessions"]
        kept: set[Place] = set()
        for step in range(STEPS + 1):
            here = sorted((place for place in sizes if place[0] == step), key=lambda place: -sizes[place])
            kept |= set(here if len(here) <= NODES else here[: NODES - 1])
        for flow in flows:
            start = self._kept((flow["step"], flow["from"]), kept)
            if flow["step"] == 0:
                self.arrived[start] += flow["sessions"]
            if flow["ends"]:
                self.ends[start] += flow["sessions"]
            else:
                to = self._kept((flow["step"] + 1, flow["to"]), kept)
                self.links[start, to] += flow["sessions"]
                self.arrived[to] += flow["sessions"]

    @staticmethod
    def _kept(place: Place, kept: set[Place]) -> Place:
        return place if place in kept else (place[0], OTHERS)

    def svg(self) -> str:
        page = self.page
        top = page.y + 40
        bars = self._bars(top)
        self._flows(bars)
        for x, y, tall in bars.values():
            page.rect("node", x, y, BAR, max(tall, 1.5))
        self._names(bars)
        page.y = max(y + tall for _, y, tall in bars.values()) + 10
        never = self.answer["neverVisited"] or []
        self._never(never)
        kinds = [("chosen", "chosen"), ("other", "not chosen"), ("end", "ended")]
        if never:
            kinds.append(("never", "never visited"))
        page.legend(kinds)
        return page.svg()

    def _bars(self, top: float) -> dict[Place, tuple[float, float, float]]:
        """Return the x, y and height of each bar."""
        most = max(self.arrived.values())
        tallest = max(sum(1 for place in self.arrived if place[0] == step) for step in range(self.columns))
        height = max(HEIGHT, 46.0 * tallest)
        views = sum(size for place, size in self.arrived.items() if place[0] == 0) or most
        scale = (height - (GAP + 16) * (tallest - 1)) / views
        apart = min((800 - 40 - 110) / max(self.columns - 1, 1), 320.0)
        bars = {}
        for step in range(self.columns):
            here = [place for place in self.arrived if place[0] == step]
            here.sort(key=lambda place: (place[1] == OTHERS, -self.arrived[place], place[1] or ""))
            y = top
            for place in here:
                tall = self.arrived[place] * scale
                bars[place] = (24 + step * apart, y, tall)
                y += max(tall, 2) + GAP + 16
        return bars

    def _flows(self, bars: dict[Place, tuple[float, float, float]]) -> None:
        left = {place: y for place, (_, y, _) in bars.items()}
        come = dict(left)
        chosen = self._chosen()
        order = sorted(self.links, key=lambda link: (bars[link[0]][1], bars[link[1]][1]))
        for start, to in order:
            size = self.links[start, to]
            x1, y1 = bars[start][0] + BAR, left[start]
            x2, y2 = bars[to][0], come[to]
            tall = bars[start][2] * size / self.arrived[start]
            left[start] += tall
            come[to] += tall
            middle = (x1 + x2) / 2
            share = chosen.get((start[1], to[1]), 0.0)
            self.page.path(
                "chosen" if share >= 0.5 else "other",
                f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
                f"V{y2 + tall:.1f}C{middle:.1f} {y2 + tall:.1f} {middle:.1f} {y1 + tall:.1f} {x1:.1f} {y1 + tall:.1f}Z",
                f"{_name(start[1])} → {_name(to[1])}: {count(size, 'view')}",
            )
        for place, size in self.ends.items():
            x, y = bars[place][0] + BAR, left[place]
            tall = bars[place][2] * size / self.arrived[place]
            self.page.path(
                "end",
                f"M{x:.1f} {y:.1f}h16q10 0 10 10v{max(tall - 10, 0):.1f}h-10v{min(tall, 10) - 10:.1f}H{x:.1f}Z"
                if tall > 14
                else f"M{x:.1f} {y:.1f}h20v{max(tall, 1):.1f}h-20Z",
                f"{_name(place[1])}: {count(size, 'view')} ended here",
            )

    def _chosen(self) -> dict[tuple[Node, Node], float]:
        """Return the share of departures between each two nodes that viewers chose."""
        taken: Counter[tuple[Node, Node]] = Counter()
        chosen: Counter[tuple[Node, Node]] = Counter()
        for node in self.answer["nodes"]:
            for edge in node["edges"]:
                taken[node["node"], edge["to"]] += edge["taken"]
                chosen[node["node"], edge["to"]] += edge["taken"] * (edge["cause"] == "choice")
        return {pair: chosen[pair] / taken[pair] for pair in taken}

    def _names(self, bars: dict[Place, tuple[float, float, float]]) -> None:
        views = self.answer["views"]
        longest = 10 if self.columns > 5 else 16 if self.columns > 3 else 26
        for place, (x, y, _) in bars.items():
            share = percent(self.arrived[place] / views)
            ended = self.ends[place]
            self.page.text(_name(place[1], longest), x - 2, y - 5, "inside halo")
            self.page.text(share, x + BAR + 5, y + 14, "share halo")
            said = f"Step {place[0] + 1}: {share} at {_name(place[1])}"
            self.page.said.append(said + (f", {count(ended, 'view')} ended there" if ended else ""))

    def _never(self, nodes: list[str]) -> None:
        if not nodes:
            return
        page = self.page
        x, page.y = 16.0, page.y + 18
        for node in nodes[:NODES]:
            wide = 28 + 12.0 * len(named(node, 20))
            if x + wide > 784:
                x, page.y = 16.0, page.y + 38
            page.rect("never", x, page.y, wide, 28)
            page.text(named(node, 20), x + 12, page.y + 19, "small")
            x += wide + 12
        page.y += 30
        more = f" and {len(nodes) - NODES} more" if len(nodes) > NODES else ""
        page.said.append("Never visited: " + ", ".join(named(node) for node in nodes[:NODES]) + more)
        if more:
            page.say(f"{len(nodes) - NODES} more were never visited.", "small")


def _name(node: Node, longest: int = 28) -> str:
    return "others" if node == OTHERS else named(node, longest)


def _bars(answer: Answer) -> str:
    """Draw the choices of each node as bars: what a token that small groups are hidden from may see."""
    page = Page(_headline(answer))
    page.say(f"{count(answer['views'], 'view')} by {count(answer['viewers'], 'viewer')}")
    kinds = {"chosen": "chosen"}
    for node in [each for each in answer["nodes"] if each["edges"]][:NODES]:
        page.y += 48
        page.text(f"{named(node['node'])}, {count(node['sessions'], 'view')}", 16, page.y, "name")
        for edge in node["edges"][:NODES]:
            classes, meaning = _kind(edge)
            kinds[classes] = meaning
            what = named(edge["option"] if edge["option"] is not None else edge["to"], 44)
            told = "few" if edge["first"] is None else percent(edge["firstShare"])
            page.y += 32  # beneath its name, which on a phone is as wide as the picture
            page.text(what, 16, page.y)
            page.rect("track", 16, page.y + 8, 670, 14)
            wide = 1.0 if edge["first"] is None else edge["firstShare"]
            page.rect(classes, 16, page.y + 8, 670 * wide, 14)
            page.y += 22
            page.text(told, 700, page.y)
            page.said.append(f"{named(node['node'])}: {told} {what}")
    page.legend(kinds.items())
    return page.svg()


def _kind(edge: Answer) -> tuple[str, str]:
    if edge["first"] is None:
        return "hidden", "too few to show"
    return ("chosen", "chosen") if edge["cause"] == "choice" else ("other", "not chosen")
