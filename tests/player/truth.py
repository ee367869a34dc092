"""Compare what a script's viewer did with the timeline."""

WATCHED = 0.25  # seconds; less is not watched, and less is not a jump
TOLERANCE = 0.3


def told(timeline: dict) -> dict:
    """Return what a script knows, too, of a timeline."""
    return {
        "segments": [(each["node"], each["from"], each["to"]) for each in timeline["segments"]],
        "jumps": [(each["node"], each["from"], each["to"], each["cause"]) for each in timeline["jumps"]],
        "path": [(node,) for node in timeline["path"]],
        "edges": [
            (each["from"], each["to"], each["option"], each["cause"], each["count"])
            for each in timeline["graph"]["edges"]
        ],
    }


def true(story: list[list]) -> dict:
    """Return the same of a script's story: jumps with nothing watched between them are one jump."""
    segments, jumps, path, edges = [], [], [], {}
    is_fresh = False
    for kind, *part in story:
        if kind == "segment" and part[2] - part[1] >= WATCHED:
            segments.append(tuple(part))
            is_fresh = False
        elif kind == "jump" and abs(part[1] - part[2]) >= WATCHED:
            if is_fresh and jumps[-1][3] == part[3]:
                part[1] = jumps.pop()[1]
            jumps.append(tuple(part))
            is_fresh = True
        elif kind == "node":
            path.append((part[0],))
            is_fresh = False
        elif kind == "edge":
            edges[tuple(part)] = edges.get(tuple(part), 0) + 1
    return {
        "segments": segments,
        "jumps": jumps,
        "path": path,
        "edges": [(*edge, count) for edge, count in edges.items()],
    }


def differences(story: list[list], timeline: dict) -> list[str]:
    """Name what the timeline shows wrongly; seconds may differ a little."""
    was, is_said = true(story), told(timeline)
    return [
        f"{kind}: it was {was[kind]}, and the timeline has {is_said[kind]}"
        for kind in was
        if len(was[kind]) != len(is_said[kind]) or not all(map(_alike, was[kind], is_said[kind]))
    ]


def _alike(was: tuple, is_said: tuple) -> bool:
    return all(
        abs(one - other) <= TOLERANCE if isinstance(other, float) else one == other
        for one, other in zip(was, is_said, strict=True)
    )


def lost_or_duplicated(events: list[dict], refused: int = 0) -> list[str]:
    """Name the players with an event stored twice, or missing and not refused; events are numbered from 0."""
    numbers: dict[str, list[int]] = {}
    for event in events:
        player, _, number = event["eventId"].partition(":")
        numbers.setdefault(player, []).append(int(number))
    return [
        f"{player} has the events {sorted(found)}"
        for player, found in numbers.items()
        if len(set(found)) < len(found) or len(found) + refused != max(found) + 1
    ]
