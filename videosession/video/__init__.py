"""Only the standard library; every instant is an argument.

What all viewers of a video did: sums over its sessions of whole milliseconds and counts; only the last step divides.

    a session's walk → Result, packed and stored ┐
    a session's walk → Result, packed and stored ├→ population → Totals, Grid → an answer → JSON, CSV, SVG
    …                                            ┘
"""

from videosession.video.film import Film
from videosession.video.lengths import BinsTooNarrowError
from videosession.video.plan import NO_PLAN, Plan, plan_of
from videosession.video.population import Session
from videosession.video.results import packed

__all__ = ["NO_PLAN", "BinsTooNarrowError", "Film", "Plan", "Session", "packed", "plan_of"]
