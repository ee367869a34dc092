"""What an experiment found: a promise with the figures that show it, or a control, which must break it."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, settings

# Cases that are made up are the same ones each time, and none is made smaller.
MADE_UP = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Finding(NamedTuple):
    """One line of the table. A control is right if it does not hold."""

    what: str
    figures: str
    holds: bool
    is_control: bool = False

    @property
    def is_right(self) -> bool:
        return self.holds != self.is_control


def control(what: str, figures: str, holds: bool) -> Finding:
    """Return the finding about a worse design, which the experiment must detect."""
    return Finding(what, figures, holds, is_control=True)


def percentile(values: Iterable[float], part: float) -> float:
    """Return the value below which `part` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def timed(deed: Callable) -> tuple:
    """Call `deed`; return its result and how many seconds it took."""
    started = time.monotonic()
    return deed(), time.monotonic() - started
