"""Only the standard library; every instant is an argument.

A session's events say what the player did. The timeline says what the viewer saw: which stretches were watched, where
the viewer jumped, which branches were taken, what was seen again. It is a pure function of the events:

    events → walk → Viewing → summarise → the answer
                        └──── picture ───→ an SVG of both
"""

from collections.abc import Iterable

from videosession.timeline.heatmap import BinsTooNarrow
from videosession.timeline.picture import picture
from videosession.timeline.summary import Answer, summarise
from videosession.timeline.viewing import Event, Viewing
from videosession.timeline.walk import walk

__all__ = ["BinsTooNarrow", "Viewing", "picture", "summarise", "timeline", "walk"]


def timeline(events: Iterable[Event], *, threshold: float = 0.95, bin_seconds: float | None = None) -> Answer:
    """Return the timeline of a session's events as a JSON-serialisable dict.

    `events` are mappings with `eventId`, `type`, `timestamp` (RFC 3339), `data` and optionally `instant` (microseconds
    since the Unix epoch), sorted by instant and, where instants are equal, by arrival. They are read once and not
    kept. Raises `BinsTooNarrow`.
    """
    return summarise(walk(events), threshold, bin_seconds)
