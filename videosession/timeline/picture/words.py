"""The most important numbers, in words."""

from collections.abc import Iterable

from videosession.timeline.picture.axis import spoken
from videosession.timeline.summary import Answer


def headline(answer: Answer) -> str:
    if not answer["path"]:
        return "Nothing was reported"
    if not answer["segments"]:
        return "Nothing was watched"
    if answer["coverage"] is None:
        return f"{spoken(answer['uniqueSeconds'])} seen"
    return f"{percent(answer['coverage'])} seen"


def percent(share: float) -> str:
    """Return a share in whole percent; 0 and 100 only if it is exactly that."""
    return f"{min(max(round(share * 100), 1 if share else 0), 100 if share == 1 else 99)} %"


def facts(answer: Answer) -> list[str]:
    """Return short facts, the most important first."""
    wall = answer["wall"]
    again, steps = answer["rewatchedSeconds"], len(answer["jumps"])
    stalled = wall.get("buffering", 0) + wall.get("stalled", 0)
    choices = sum(edge["count"] for edge in answer["graph"]["edges"])
    codes = {each["code"]: each["count"] for each in answer["anomalies"]}
    possible = [
        (answer["completed"], "completed"),
        (answer["segments"], f"watched for {spoken(answer['watchedSeconds'])}"),
        (again >= 0.5, f"{spoken(again)} of it again"),
        (steps, count(steps, "jump")),
        (choices, count(choices, "branch", "branches")),
        (wall.get("paused", 0) >= 0.5, f"paused {spoken(wall.get('paused', 0))}"),
        (stalled >= 0.5, f"stalled {spoken(stalled)}"),
        (wall.get("ad", 0) >= 0.5, f"ads {spoken(wall.get('ad', 0))}"),
        ("openEnded" in codes, "left open"),
    ]
    return [fact for holds, fact in possible if holds]


def count(amount: int, one: str, many: str | None = None) -> str:
    return f"{number(amount)} {one if amount == 1 else many or one + 's'}"


def number(amount: int) -> str:
    return f"{amount:,}".replace(",", "\u2009")


def lines(parts: Iterable[str], longest: int = 52, between: str = " · ") -> list[str]:
    """Return the parts joined to lines of at most `longest` characters, unless a single part is longer."""
    written: list[str] = []
    for part in parts:
        if written and len(written[-1] + between + part) <= longest:
            written[-1] += between + part
        else:
            written.append(part)
    return written
