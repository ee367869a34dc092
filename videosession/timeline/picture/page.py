"""The page: text, lanes, branches and a legend, one beneath the other."""

from typing import Any

from videosession.instants import write as instant
from videosession.timeline.heatmap import axis as axis_of
from videosession.timeline.picture import graph, lanes
from videosession.timeline.picture.axis import Axis, clock, spoken
from videosession.timeline.picture.lanes import Lane, Lanes
from videosession.timeline.picture.svg import label, tag
from videosession.timeline.picture.words import count, facts, headline, lines, number
from videosession.timeline.summary import Answer, by_node
from videosession.timeline.viewing import Node, Viewing

WIDTH = 640
LEFT, RIGHT = 86.0, 590.0
LANES = 8
STANDING = {"buffering": "stalled"}
NAMES = {
    "play": "playing",
    "jump": "jump",
    "jump untold": "jump not reported",
    "paused": "paused",
    "stalled": "stalled",
    "ad": "ad",
    "heat": "how often seen",
}


class Page:
    """The elements drawn so far, and how far down they reach."""

    width = WIDTH

    def __init__(self, viewing: Viewing, answer: Answer, name: str = "") -> None:
        self.viewing, self.answer, self.name = viewing, answer, name
        self.parts: list[str] = []
        self.notes: list[str] = []
        self.kinds: dict[str, Any] = {}
        self.named = False
        self.y = 42.0

    def write(self) -> None:
        if self.name:
            self.parts.append(label(self.name, 16, 26, "small"))
            self.y += 16
        self.parts.append(label(headline(self.answer), 16, self.y, "head"))
        for each in lines(facts(self.answer)):
            self.say(each)
        if self.viewing.path:
            self.lanes()
            if self.answer["graph"]["edges"]:
                self.graph()
            self.legend()
        for each in self.notes:
            self.say(each, "small")
        self.y += 20

    def say(self, text: str, classes: str = "normal") -> None:
        self.y += 26
        self.parts.append(label(text, 16, self.y, classes))

    def lanes(self) -> None:
        placed = self.placed()
        axis = Axis(self.viewing, LEFT, RIGHT)
        top = next(iter(placed.values())).top
        self.ticks(axis, top)
        self.draw(placed, axis)
        self.folds(axis, top)
        self.headings(placed)
        self.since(axis)

    def placed(self) -> dict[Node, Lane]:
        """Return the lanes of the chosen nodes, one beneath the other."""
        chosen, ends = self.chosen(), by_node(self.viewing)
        height = {1: 240.0, 2: 150.0, 3: 120.0}.get(len(chosen), 90.0)
        self.named = len(self.viewing.nodes) > 1 or None not in self.viewing.nodes
        self.y += 14 if self.named else 6
        placed = {}
        for node in chosen:
            self.y += lanes.HEAD if self.named else 16.0
            start, end = axis_of(node, ends[node])
            end = end if end > start else start + max(1.0, node.furthest)
            placed[node] = lanes.Lane(node, self.y, height, start, end)
            self.y += height + 10
        self.y -= 10
        return placed

    def chosen(self) -> list[Node]:
        """Return the nodes that are drawn: those watched longest, in the order of their first visit."""
        nodes = list(self.viewing.nodes.values())
        if len(nodes) <= LANES:
            return nodes
        seen = {node["id"]: node["watchedSeconds"] for node in self.answer["graph"]["nodes"]}
        kept = set(sorted(nodes, key=lambda node: -seen.get(node.id, 0.0))[:LANES])
        self.notes.append(f"The {LANES} nodes watched longest are drawn; {number(len(nodes) - LANES)} more are not.")
        return [node for node in nodes if node in kept]

    def draw(self, placed: Lanes, axis: Axis) -> None:
        viewing = self.viewing
        areas, stood = lanes.bands(viewing, placed, axis)
        reported, unreported = lanes.arrows(viewing, placed, axis)
        played = lanes.strokes(viewing, placed, axis)
        views = {each["node"]: each["views"] for each in self.answer["heatmap"]}
        many = len(reported) + len(unreported) > lanes.FEW
        self.kinds = {
            "play": played,
            "jump": reported,
            "jump untold": unreported,
            **self.visible(areas, axis),
            "heat": played,
        }
        self.parts += [tag("path", class_=kind, d=area) for kind, area in areas.items()]
        self.parts += [lanes.outline(lane, LEFT, RIGHT) for lane in placed.values()]
        self.parts += [
            lanes.strip(lane, views[node.id], RIGHT + 12) for node, lane in placed.items() if node.id in views
        ]
        self.parts += [
            lanes.drawn("cross", lanes.crossings(viewing, placed, axis)),
            lanes.drawn("stand", stood),
            lanes.drawn("jump faint" if many else "jump", reported),
            lanes.drawn("jump untold faint" if many else "jump untold", unreported),
            lanes.drawn("jump", [] if many else lanes.points(reported + unreported)),
            lanes.drawn("play thin" if len(played) > lanes.FEW else "play", played),
        ]
        self.left_out(len(reported) + len(unreported), len(played))

    def visible(self, areas: dict[str, str], axis: Axis) -> dict[str, str]:
        """Return the areas of the modes that have at least one span that is not folded."""
        unfolded = {lanes.BANDS.get(span.mode) for span in self.viewing.spans if span not in axis.folds}
        return {kind: area for kind, area in areas.items() if kind in unfolded}

    def headings(self, placed: Lanes) -> None:
        seen = {node["id"]: node["uniqueSeconds"] for node in self.answer["graph"]["nodes"]}
        self.parts += [lanes.heading(lane, LEFT, seen.get(lane.node.id, 0.0), self.named) for lane in placed.values()]

    def folds(self, axis: Axis, top: float) -> None:
        """Draw a gap where time is folded, labelled with its length and mode."""
        for fold in axis.folds:
            left, right = axis(fold.start), axis(fold.end)
            middle, centre = (left + right) / 2, (top + self.y) / 2
            text = f"{spoken((fold.end - fold.start) / 1e6)} {STANDING.get(fold.mode, fold.mode)}"
            tear = "l4 5l-4 5" * int((self.y - top) / 10)
            self.parts += [
                tag("rect", class_="gap", x=left, y=top + 1, width=right - left, height=self.y - top - 2),
                tag("path", class_="fold", d=f"M{left - 2:.1f} {top:g}{tear}M{right - 2:.1f} {top:g}{tear}"),
                label(
                    text,
                    middle + 6,
                    centre,
                    text_anchor="middle",
                    transform=f"rotate(-90 {middle + 6:.1f} {centre:.1f})",
                ),
            ]
        if axis.folds:
            self.notes.append("Long times in which nothing played are folded.")

    def left_out(self, arrows: int, strokes: int) -> None:
        jumps, segments = len(self.viewing.jumps), len(self.viewing.segments)
        if jumps > arrows:
            self.notes.append(f"{count(jumps, 'jump')}; those that look different are drawn, {arrows} of them.")
        if strokes >= lanes.STROKES:
            self.notes.append(f"{count(segments, 'stretch', 'stretches')} were watched; the longest are drawn.")

    def ticks(self, axis: Axis, top: float) -> None:
        for x, second in axis.ticks():
            anchor = "end" if x > RIGHT - 24 else "middle"
            self.parts.append(tag("path", class_="tick", d=f"M{x:.1f} {top:.1f}V{self.y + 4:.1f}"))
            self.parts.append(label(clock(second), x, self.y + 20, text_anchor=anchor))

    def since(self, axis: Axis) -> None:
        started = instant(self.viewing.first or 0)
        self.y += 20
        self.say(f"since {started[:10]} {started[11:19]} UTC, over {spoken((axis.last - axis.first) / 1e6)}", "small")

    def graph(self) -> None:
        self.y += 34
        drawing, height, missing = graph.draw(self.answer, self.y, WIDTH)
        self.parts.append(drawing)
        self.y += height + 8
        if missing:
            self.notes.append(f"The graph has {count(missing, 'more node')} than there is room for.")

    def legend(self) -> None:
        """Explain the marks that occur in the picture, and no others."""
        x = float(WIDTH)
        for kind, name in NAMES.items():
            if self.kinds.get(kind):
                wide = 48 + 9 * len(name)
                if x + wide > WIDTH:
                    x = 16.0
                    self.y += 28
                self.parts.append(swatch(kind, x, self.y) + label(name, x + 32, self.y))
                x += wide


def swatch(kind: str, x: float, y: float) -> str:
    if kind == "heat":
        return "".join(
            tag("rect", class_=f"heat heat{level}", x=x + 6 * place, y=y - 13, width=6, height=15)
            for place, level in enumerate((1, 2, 4, 5))
        )
    if kind.startswith(("play", "jump")):
        return tag("path", class_=kind, d=f"M{x:g} {y:g}l24 -11")
    return tag("rect", class_=kind, x=x, y=y - 13, width=24, height=15)
