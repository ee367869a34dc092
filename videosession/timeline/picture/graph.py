"""The graph of the branches taken: nodes in rows by their distance from the first, and edges between them."""

from typing import Any

from videosession.timeline.picture.svg import Point, label, plain, tag
from videosession.timeline.summary import Answer

Name = str | None

ROWS = 8
ACROSS = 4
BOX = (142.0, 34.0)
ROW = 92.0
LETTER = 8.0  # the width of nearly all letters, at most


def layout(graph: Answer, width: float) -> dict[Name, Point]:
    """Return the positions of the nodes that there is room for."""
    depth: dict[Name, int | None] = {node["id"]: None for node in graph["nodes"]}
    depth[graph["nodes"][0]["id"]] = 0
    after: dict[Name, list[Name]] = {}
    for edge in graph["edges"]:
        after.setdefault(edge["from"], []).append(edge["to"])
    reached: list[Name] = [graph["nodes"][0]["id"]]
    for node in reached:
        for other in after.get(node, ()):
            if other in depth and depth[other] is None:
                depth[other] = (depth[node] or 0) + 1
                reached.append(other)
    rows: list[list[Name]] = [[] for _ in range(ROWS)]
    for node in reached:
        level = depth[node] or 0
        if level < ROWS and len(rows[level]) < ACROSS:
            rows[level].append(node)
    return {
        node: (width * (place + 0.5) / len(row), level * ROW + BOX[1] / 2)
        for level, row in enumerate(rows)
        for place, node in enumerate(row)
    }


def draw(answer: Answer, top: float, width: float) -> tuple[str, float, int]:
    """Return the drawing, its height, and the number of nodes that did not fit."""
    graph = answer["graph"]
    places = {node: (x, top + y) for node, (x, y) in layout(graph, width).items()}
    between: dict[tuple[Name, Name], list[Any]] = {}
    for edge in graph["edges"]:
        if edge["from"] in places and edge["to"] in places:
            between.setdefault((edge["from"], edge["to"]), []).append(edge)
    parts = [curve(places[start], places[end], width, (end, start) in between) for start, end in between]
    lines = "".join(tag("path", class_="edge", d=path, marker_end="url(#timeline-branch)") for path, _ in parts)
    names = "".join(
        label(
            edge_label(edges, room(place, [other for _, other in parts], width)),
            *place,
            "small halo",
            text_anchor="middle",
        )
        for edges, (_, place) in zip(between.values(), parts, strict=True)
    )
    boxes = "".join(box(node, places[node["id"]]) for node in graph["nodes"] if node["id"] in places)
    height = max(y for _, y in places.values()) - top + BOX[1] / 2
    return lines + boxes + names, height, len(graph["nodes"]) - len(places)


def curve(start: Point, end: Point, width: float, both: bool) -> tuple[str, Point]:
    """Return an edge's path and the position of its label; it leads down a row, along one, up, or back to its node."""
    (x, y), (u, v) = start, end
    half = BOX[1] / 2
    if v > y:
        y, v = y + half, v - half - 4
        x, u, bend = x - 16 * both, u - 16 * both, (v - y) / 2
        path = f"M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {u:.0f} {v - bend:.0f} {u:.0f} {v:.0f}"
        return path, (x + (u - x) * 0.65 - 16 * both, y + (v - y) * 0.6 + 5)
    if v == y and u != x:
        ahead = 1 if u > x else -1
        x, u, y = x + ahead * BOX[0] / 2, u - ahead * (BOX[0] / 2 + 4), y - 8 * ahead * both
        return f"M{x:.0f} {y:.0f}L{u:.0f} {y:.0f}", ((x + u) / 2, y - 7 if ahead > 0 else y + 18)
    side = 1 if x >= width / 2 else -1
    x, u = x + side * BOX[0] / 2, u + side * (BOX[0] / 2 + 4)
    out = (max(x, u) + 40) if side > 0 else (min(x, u) - 40)
    if (x, y) == (u - side * 4, v):
        y, v = y + 8, v - 8
    path = f"M{x:.0f} {y:.0f}C{out:.0f} {y:.0f} {out:.0f} {v:.0f} {u:.0f} {v:.0f}"
    return path, ((x + u) / 8 + out * 3 / 4, (y + v) / 2 + 5)


def room(place: Point, others: list[Point], width: float) -> int:
    """Return how many letters fit in an edge's label, among those beside it."""
    x, y = place
    beside = sum(abs(other - y) < 20 for _, other in others)
    return max(14, min(60, int(min(width / beside, 2 * min(x, width - x)) / LETTER)))


def edge_label(edges: list[Any], longest: int) -> str:
    """Return an edge's label: its option, or its cause unless that is `choice` or `auto`, and its count."""
    names = [edge["option"] if edge["option"] is not None else edge["cause"] for edge in edges]
    text = "" if names[0] in ("choice", "auto") else plain(names[0], longest) + ("…" if len(names) > 1 else "")
    count = sum(edge["count"] for edge in edges)
    return f"{text} ×{count}" if count > 1 else text


def box(node: Any, place: Point) -> str:
    x, y = place
    visits = f" ×{node['visits']}" if node["visits"] > 1 else ""
    name = "video" if node["id"] is None else plain(node["id"], 14 - len(visits))
    return tag("rect", class_="box", x=x - BOX[0] / 2, y=y - BOX[1] / 2, width=BOX[0], height=BOX[1], rx=8) + label(
        name + visits, x, y + 6, "boxed", text_anchor="middle"
    )
