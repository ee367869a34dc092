"""The comparison as a picture: two curves of retention, and the difference in completion."""

from __future__ import annotations

from typing import Any

from videosession.video.picture.page import LEFT, RIGHT, Page, clock, count, named, percent, short, ticks

HEIGHT = 220.0
POINTS = 700
WIDE = 0.4  # an interval about 0 as wide as this says nothing

Answer = dict[str, Any]


def draw(answer: Answer, curves: list[Answer | None]) -> str:
    """Return an SVG of a comparison, and of a node of each group's heatmap; None where a group has no views."""
    names = [short(group["value"] or "“”", 24) for group in answer["groups"]]
    page = Page(_headline(answer, names))
    for group, name in zip(answer["groups"], names, strict=True):
        shares = f"{percent(group['completedShare'])} completed" if group["views"] else "nobody watched"
        page.say(f"{name}: {count(group['views'], 'view')}, {shares}")
    node = next((curve for curve in curves if curve is not None), None)
    if node is not None:
        page.y += 44
        _plot(page, curves)
    _interval(page, answer["completed"], names)
    page.legend([("a", names[0]), ("b", names[1])])
    return page.svg()


def _headline(answer: Answer, names: list[str]) -> str:
    difference, low, high = (answer["completed"][name] for name in ("difference", "low", "high"))
    if difference is None:
        return f"{names[0]} and {names[1]} cannot be compared yet"
    if low <= 0 <= high and high - low > WIDE:
        return f"Too few views to tell {names[0]} and {names[1]} apart"
    if low <= 0 <= high:
        return f"{names[0]} and {names[1]} complete about alike"
    more, less = names if difference > 0 else names[::-1]
    return f"{more} completes {abs(100 * difference):.0f} points more than {less}"


def _plot(page: Page, curves: list[Answer | None]) -> None:
    drawn = [curve for curve in curves if curve is not None]
    length = max(curve["lengthSeconds"] or 1.0 for curve in drawn)
    top = page.y
    if drawn[0]["node"] is not None:
        page.text(f"Still watching, of {named(drawn[0]['node'], 40)}", LEFT, top - 10)
    for share in (0.0, 0.5, 1.0):
        y = top + HEIGHT * (1 - share)
        page.path("tick", f"M{LEFT:.1f} {y:.1f}H{RIGHT:.1f}")
        page.text(f"{share:.0%}", LEFT - 8, y + 5, anchor="end")
    for second in ticks(length, 110, RIGHT - LEFT):
        x = LEFT + (RIGHT - LEFT) * second / length
        page.text(clock(second), x, top + HEIGHT + 28, anchor="end" if x > RIGHT - 30 else "middle")
    page.rect("frame", LEFT, top, RIGHT - LEFT, HEIGHT)
    for classes, curve in zip("ab", curves, strict=True):
        if curve is not None:
            page.path(classes, _curve(curve, length, top))
    page.y = top + HEIGHT + 36


def _curve(node: Answer, length: float, top: float) -> str:
    shares = node["retention"]
    wide = (RIGHT - LEFT) * (node["lengthSeconds"] or length) / length / len(shares)
    together = -(-len(shares) // POINTS)
    points = []
    for place in range(0, len(shares), together):
        y = top + HEIGHT * (1 - min(max((share or 0.0) for share in shares[place : place + together]), 1.0))
        points += [(LEFT + place * wide, y), (min(LEFT + (place + together) * wide, RIGHT), y)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _interval(page: Page, completed: Answer, names: list[str]) -> None:
    """Draw the difference in completion with its 95 % interval, around a line at 0."""
    if completed["difference"] is None:
        return
    page.y += 46
    left, right = 220.0, 580.0
    middle = (left + right) / 2

    def x(value: float) -> float:
        return middle + (right - left) / 2 * value

    page.text("completed more often:", 16, page.y - 26)
    page.text(names[1], left - 10, page.y + 5, anchor="end")
    page.text(names[0], right + 10, page.y + 5)
    page.path("axis", f"M{left:.1f} {page.y:.1f}H{right:.1f}M{middle:.1f} {page.y - 16:.1f}v32")
    page.path("range", f"M{x(completed['low']):.1f} {page.y:.1f}H{x(completed['high']):.1f}")
    for end in ("low", "high"):
        page.path("range", f"M{x(completed[end]):.1f} {page.y - 6:.1f}v12")
    at = x(completed["difference"])
    page.path("dot", f"M{at - 6:.1f} {page.y:.1f}a6 6 0 1 1 12 0a6 6 0 1 1 -12 0Z")
    low, high = (_points(completed[end]) for end in ("low", "high"))
    page.y += 12
    page.say(f"Difference {_points(completed['difference'])} points, 95 % interval {low} to {high}", "small")


def _points(share: float) -> str:
    points = round(100 * share)
    return f"{points:+d}" if points else "0"
