"""The horizontal axis: wall-clock time to scale, except that long spans in which nothing played are folded."""

from bisect import bisect_right
from collections.abc import Iterable

from videosession.timeline.viewing import Span, Viewing

FOLD = 34.0  # width of a folded span
FOLDS = 6  # at most
SHORT = 20_000_000  # microseconds; spans up to this length are never folded
STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200]
DAY = 86_400


class Axis:
    """Maps instants (microseconds) to x coordinates from `left` to `right`."""

    def __init__(self, viewing: Viewing, left: float, right: float) -> None:
        self.first, self.last = viewing.first or 0, viewing.last or 0
        self.folds = folds(viewing)
        folded = sum(fold.end - fold.start for fold in self.folds)
        wide = right - left - FOLD * len(self.folds)
        self.scale = wide / max(self.last - self.first - folded, 1)
        self.knots: list[tuple[int, float]] = [(self.first, float(left))]
        for fold in self.folds:
            self.extend(fold.start)
            self.knots.append((fold.end, self.knots[-1][1] + FOLD))
        self.extend(max(self.last, self.first + 1))

    def extend(self, instant: int) -> None:
        before, place = self.knots[-1]
        self.knots.append((instant, place + (instant - before) * self.scale))

    def __call__(self, instant: float) -> float:
        after = min(max(bisect_right(self.knots, instant, key=lambda knot: knot[0]), 1), len(self.knots) - 1)
        (start, left), (end, right) = self.knots[after - 1 : after + 1]
        return left + (right - left) * min(max((instant - start) / max(end - start, 1), 0), 1)

    def ticks(self, apart: float = 92.0) -> list[tuple[float, int]]:
        """Return x coordinates and seconds since the start, at round seconds about `apart` from each other."""
        step = next((step for step in STEPS if step * 1e6 * self.scale >= apart), None)
        if step is None:
            step = DAY
            while step * 1e6 * self.scale < apart:
                step *= 2
        marks: list[tuple[float, int]] = []
        latest: float | None = None
        for start, end in self.unfolded():
            second = -(-(start - self.first) // 1_000_000 // step) * step
            while self.first + second * 1_000_000 <= end:
                place = self(self.first + second * 1_000_000)
                if latest is None or place - latest >= apart * 0.75:
                    marks.append((place, second))
                    latest = place
                second += step
        return marks

    def unfolded(self) -> Iterable[tuple[int, int]]:
        edges = [self.first, *(edge for fold in self.folds for edge in (fold.start, fold.end)), self.last]
        return zip(edges[::2], edges[1::2], strict=True)


def folds(viewing: Viewing) -> list[Span]:
    """Return the spans to fold: long ones that do not overlap, in order."""
    standing = sorted(viewing.spans, key=lambda span: span.start - span.end)
    left = (viewing.last or 0) - (viewing.first or 0)
    found: list[Span] = []
    for span in standing[: 4 * FOLDS]:
        length = span.end - span.start
        apart = all(span.end <= each.start or each.end <= span.start for each in found)
        if apart and len(found) < FOLDS and length > SHORT and left / 5 < length < left:
            found.append(span)
            left -= length
    return sorted(found, key=lambda span: span.start)


def clock(seconds: float) -> str:
    """Return a position or a time as a player shows it: 1:02:03."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def spoken(seconds: float) -> str:
    """Return a duration in words; the longer it is, the coarser its unit."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    exactly = 3600 if seconds >= 10 * DAY else 60 if seconds >= 3600 else 1
    minutes, seconds = divmod(round(seconds / exactly) * exactly, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    words = [f"{amount:,} {unit}".replace(",", "\u2009") for amount, unit in parts if amount]
    return " ".join(words[:2]) if words else "0 s"
