"""The heatmap as a picture: for one node the curve of retention and what was seen again, for several a strip each."""

from __future__ import annotations

from typing import Any

from videosession.video.picture.page import (
    LEFT,
    RIGHT,
    Page,
    clock,
    count,
    hidden,
    named,
    seen_on_average,
    short,
    suppressed,
    ticks,
)

NODES = 24
MARKS = 3
HEIGHT = 220.0
HIDDEN = "too few to show"
POINTS = 700  # of a curve: as many as can be told apart

Answer = dict[str, Any]


def draw(answer: Answer) -> str:
    """Return an SVG of a heatmap."""
    if answer.get("suppressed"):
        return suppressed(answer)
    if not answer["views"]:
        return _empty("Nobody has watched this yet")
    nodes = answer["nodes"]
    return _one(answer, nodes[0]) if len(nodes) == 1 else _many(answer, nodes)


def _empty(text: str) -> str:
    page = Page(text)
    page.said.append(text)
    return page.svg()


def _facts(page: Page, answer: Answer) -> None:
    what = count(answer["viewers"], "viewer") if answer.get("per") == "viewer" else count(answer["views"], "view")
    by = "" if answer.get("per") == "viewer" else f" by {count(answer['viewers'], 'viewer')}"
    still = f" · {answer['open']} still watching" if answer.get("open") else ""
    page.say(what + by + still)


def _one(answer: Answer, node: Answer) -> str:
    seen = f"{seen_on_average(node)} seen on average"
    page = Page(seen if node["node"] is None else f"{named(node['node'])}: {seen}")
    _facts(page, answer)
    marks = _marks(node)
    page.y += 20 + 24 * bool(marks["replayed"])
    curve = _Curve(page, answer, node)
    curve.draw(marks)
    curve.strip()
    page.legend(curve.kinds)
    return page.svg()


def _marks(node: Answer) -> dict[str, list[Answer]]:
    return {
        name: node.get(name, [])[:most]
        for name, most in (("replayed", MARKS), ("dropOffs", MARKS), ("skippedRanges", 10))
    }


class _Curve:
    """The plot of one node, to scale across and up: from nobody to everybody, or above where much is seen again."""

    def __init__(self, page: Page, answer: Answer, node: Answer) -> None:
        self.page, self.node = page, node
        self.width: float = answer["binSeconds"]
        self.length: float = node["lengthSeconds"] or self.width
        self.top = page.y
        self.kept = node["retention"]
        self.ratio = node["watchRatio"]
        self.most: float = max([1.0, *(share for share in self.ratio if share is not None)])
        self.kinds: list[tuple[str, str]] = [("seen", "still watching")]

    def x(self, seconds: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(seconds / self.length, 1.0)

    def up(self, share: float) -> float:
        return self.top + HEIGHT * (1 - min(share, self.most) / self.most)

    def steps(self, shares: list[float | None]) -> list[tuple[float, float]]:
        """Return the corners of a curve of steps, of very many bins only the highest of several."""
        together = -(-len(shares) // POINTS)
        points = []
        for place in range(0, len(shares), together):
            y = self.up(max((share or 0.0) for share in shares[place : place + together]))
            points += [(self.x(place * self.width), y), (self.x((place + together) * self.width), y)]
        return points

    def draw(self, marks: dict[str, list[Answer]]) -> None:
        page, base = self.page, self.top + HEIGHT
        self._axes()
        lower, upper = self.steps(self.kept), self.steps(self.ratio)
        if any(high != low for high, low in zip(upper, lower, strict=True)):
            page.path("again", f"M{_line(upper)}L{_line(reversed(lower))}Z")
            self.kinds.append(("again", "seen again"))
        page.path("seen", f"M{_line([(LEFT, base), *lower, (RIGHT, base)])}Z")
        page.path("edge", f"M{_line(lower)}")
        self._hidden()
        self._skipped(marks["skippedRanges"])
        self._replayed(marks["replayed"])
        self._drops(marks["dropOffs"])

    def _axes(self) -> None:
        page, base = self.page, self.top + HEIGHT
        for share in (0.0, 0.5, 1.0):
            page.path("tick", f"M{LEFT:.1f} {self.up(share):.1f}H{RIGHT:.1f}")
            page.text(f"{share:.0%}", LEFT - 8, self.up(share) + 5, anchor="end")
        if self.most >= 1.5:
            page.text(f"{self.most:.0%}", LEFT - 8, self.top + 5, anchor="end")
        for second in ticks(self.length, 110, RIGHT - LEFT):
            page.path("tick", f"M{self.x(second):.1f} {self.top:.1f}V{base:.1f}")
            anchor = "end" if self.x(second) > RIGHT - 30 else "middle"
            page.text(clock(second), self.x(second), base + 44, anchor=anchor)
        page.rect("frame", LEFT, self.top, RIGHT - LEFT, HEIGHT)
        page.y = base

    def _hidden(self) -> None:
        found = hidden(self.node)
        for first, after in found:
            left, right = self.x(first * self.width), self.x(after * self.width)
            for classes in ("paper", "hidden"):  # nobody is known to have left there
                self.page.rect(classes, left, self.top + 1, right - left, HEIGHT - 2 + 8 * (classes == "paper"))
            self.page.said.append(f"From {clock(first * self.width)} to {clock(after * self.width)} {HIDDEN}")
        if found:
            self.kinds.append(("hidden", HIDDEN))

    def _skipped(self, found: list[Answer]) -> None:
        for each in found:
            left, right = self.x(each["from"]), self.x(each["to"])
            self.page.rect("skipped", left, self.top, max(right - left, 2), HEIGHT)
            self.page.said.append(f"Skipped from {clock(each['from'])} to {clock(each['to'])} by {each['count']}")
        if found:
            self.kinds.append(("skipped", "skipped"))

    def _replayed(self, found: list[Answer]) -> None:
        taken: list[float] = []
        for each in found:
            left, right = self.x(each["from"]), max(self.x(each["to"]), self.x(each["from"]) + 3)
            self.page.path("replay", f"M{left:.1f} {self.top - 6:.1f}H{right:.1f}")
            self.page.said.append(f"Seen again from {clock(each['from'])} to {clock(each['to'])}")
            middle = min(max((left + right) / 2, LEFT + 60), RIGHT - 60)
            if all(abs(middle - other) > 150 for other in taken):
                taken.append(middle)
                self.page.text(f"again {clock(each['peak'])}", middle, self.top - 14, "small replaytext", "middle")

    def _drops(self, found: list[Answer]) -> None:
        places = [self.x(each["peak"] + self.width / 2) for each in found]
        for x in places:
            self.page.path("dropline", f"M{x:.1f} {self.top:.1f}V{self.top + HEIGHT:.1f}")
            self.page.path("drop", f"M{x - 7:.1f} {self.top:.1f}h14l-7 11Z")
        for order, (each, x) in enumerate(zip(found, places, strict=True)):
            said = _leave(each["count"])
            self.page.said.append(f"{said} around {clock(each['peak'])}")
            row = sum(abs(x - other) < 130 for other in places[:order])  # beneath the label of one that is near
            anchor, at = ("end", x - 9) if x > RIGHT - 130 else ("start", x + 9)
            self.page.text(said, at, self.top + 20 + 24 * row, "small droptext halo", anchor)
        if found:
            self.kinds.append(("drop", "many leave"))

    def strip(self) -> None:
        """Draw how many sessions saw each bin: the more, the darker."""
        page = self.page
        counts = self.node.get("sessions") or self.node.get("viewers") or []
        most = max([1, *(each for each in counts if each is not None)])
        y = self.top + HEIGHT + 8
        page.rect("track", LEFT, y, RIGHT - LEFT, 14)
        together = -(-len(counts) // POINTS)
        for place in range(0, len(counts), together):
            here = max((each or 0) for each in counts[place : place + together])
            left, right = self.x(place * self.width), self.x((place + together) * self.width)
            if here:
                page.rect("heat", left, y, max(right - left, 0.7), 14, here / most)
        page.y = y + 36
        self.kinds.append(("heat", "how many saw it"))


def _leave(amount: int) -> str:
    return count(amount, "leaves", "leave")


def _line(points: Any) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _many(answer: Answer, nodes: list[Answer]) -> str:
    """Draw a strip for each node, those seen by most if there are too many, to one scale."""
    page = Page("How much of each part is seen")
    _facts(page, answer)
    chosen = nodes
    if len(nodes) > NODES:
        kept = sorted(
            nodes,
            key=lambda node: -sum(node["uniqueSeconds"][place] or 0 for place in range(len(node["uniqueSeconds"]))),
        )
        names = {node["node"] for node in kept[:NODES]}
        chosen = [node for node in nodes if node["node"] in names]
        page.say(f"The {NODES} parts watched longest are drawn; {len(nodes) - NODES} more are not.", "small")
    longest = max(node["lengthSeconds"] for node in chosen) or answer["binSeconds"]
    tall = 34.0 if len(chosen) > 12 else 46.0
    left, right = 236.0, 692.0
    kinds = [("seen", "still watching")]
    if any(node["watchRatio"] != node["retention"] for node in chosen):
        kinds.append(("again", "seen again"))
    page.y += 18
    page.text("seen", 712, page.y)
    for node in chosen:
        page.y += tall
        _strip(page, answer, node, (left, right), longest, tall - 10)
    if any(node.get("dropOffs") for node in chosen):
        kinds.append(("drop", "many leave"))
    if any(map(hidden, chosen)):
        kinds.append(("hidden", HIDDEN))
    page.y += 6
    for second in ticks(longest, 100, right - left):
        page.text(clock(second), left + (right - left) * second / longest, page.y + 20, anchor="middle")
    page.y += 24
    page.legend(kinds)
    return page.svg()


def _strip(page: Page, answer: Answer, node: Answer, ends: tuple[float, float], longest: float, tall: float) -> None:
    left, right = ends
    wide = max((right - left) * (node["lengthSeconds"] or answer["binSeconds"]) / longest, 6.0)
    base = page.y
    page.text(named(node["node"], 17), 16, base - 6, "name")
    page.rect("track", left, base - tall, wide, tall)
    ratio, kept = node["watchRatio"], node["retention"]
    most = max([1.0, *(share for share in ratio if share is not None)])
    together = -(-len(kept) // 200)
    width = wide * together / max(len(kept), 1)

    def outline(shares: list[float | None]) -> list[tuple[float, float]]:
        points = []
        for place, at in enumerate(range(0, len(shares), together)):
            y = base - tall * min(max((share or 0.0) for share in shares[at : at + together]), most) / most
            points += [(left + place * width, y), (min(left + (place + 1) * width, left + wide), y)]
        return points

    lower, upper = outline(kept), outline(ratio)
    if upper != lower:
        page.path("again", f"M{_line(upper)}L{_line(reversed(lower))}Z")
    if any(kept):
        page.path("seen", f"M{_line([(left, base), *lower, (left + wide, base)])}Z")
    for each in node.get("dropOffs", [])[:MARKS]:
        x = left + wide * min((each["peak"] + answer["binSeconds"] / 2) / (node["lengthSeconds"] or 1), 1)
        page.path("drop", f"M{x - 5:.1f} {base - tall - 2:.1f}h10l-5 8Z", _leave(each["count"]))
    one = wide / max(len(kept), 1)
    for first, after in hidden(node):
        page.rect("hidden", left + first * one, base - tall, (after - first) * one, tall)
    seen = seen_on_average(node)
    told = seen.replace("at least ", "≥") if any(kept) else "few" if hidden(node) else "never"
    page.text(told, 712, base - 6, "small" if hidden(node) or not any(kept) else "normal")
    page.said.append(f"{short(named(node['node']), 40)}: {seen} seen")
