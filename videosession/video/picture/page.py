"""The page that all pictures of a video share, with its text and its style for light, dark and phones."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from videosession.timeline.picture.svg import FORBIDDEN
from videosession.video.arithmetic import Node

WIDTH = 800.0
LEFT, RIGHT = 74.0, 776.0
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)

STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#1f2328}
.head{font-size:26px;font-weight:650}.normal{font-size:16px}.small{font-size:14px;fill:#59636e}
.name{font-size:15px;font-weight:600}.inside{font-size:14px;font-weight:600}.share{font-size:13.5px}
.halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
.paper{fill:#fff}.frame{fill:none;stroke:#d1d9e0}.tick{stroke:#d1d9e0;stroke-dasharray:2 4}
.seen{fill:#0969da;fill-opacity:.78}.again{fill:#d4760b;fill-opacity:.75}.edge{fill:none;stroke:#0550ae;stroke-width:1.5}
.drop{fill:#cf222e}.dropline{stroke:#cf222e;stroke-width:1.5;stroke-dasharray:3 3}
.replay{stroke:#b35900;stroke-width:4;stroke-linecap:round}.replaytext{fill:#953800}.droptext{fill:#cf222e}
.skip{stroke:#818b98;stroke-width:1.5}.skipped{fill:url(#skipped)}
.hide{stroke:#818b98;stroke-width:2;stroke-opacity:.6}.hidden{fill:url(#hidden)}
.heat{fill:#0969da;shape-rendering:crispEdges}.track{fill:#818b98;fill-opacity:.13}
.chosen{fill:#8250df;fill-opacity:.45}.other{fill:#818b98;fill-opacity:.42}.end{fill:#cf222e;fill-opacity:.5}
.node{fill:#1f2328}.never{fill:none;stroke:#818b98;stroke-dasharray:4 3;stroke-width:1.5}
.a{fill:none;stroke:#0969da;stroke-width:3}.b{fill:none;stroke:#bc4c00;stroke-width:3;stroke-dasharray:8 5}
.axis{stroke:#818b98}.range{stroke:#1f2328;stroke-width:3}.dot{fill:#1f2328}
@media (max-width:520px){.head{font-size:34px}.normal{font-size:25px}
.small,.name{font-size:22px}.inside{font-size:17px}.share{font-size:18px}}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}.small{fill:#9198a1}.halo{stroke:#0d1117}.paper{fill:#0d1117}.frame,.tick{stroke:#3d444d}
.seen,.heat{fill:#4493f8}.edge{stroke:#79c0ff}.again{fill:#f0883e}.drop,.droptext{fill:#f85149}.dropline{stroke:#f85149}
.replay{stroke:#f0883e}.replaytext{fill:#f0883e}.chosen{fill:#ab7df8}.other{fill:#9198a1}.end{fill:#f85149;fill-opacity:.65}
.node,.dot{fill:#f0f6fc}.a{stroke:#4493f8}.b{stroke:#f0883e}.range{stroke:#f0f6fc}}
"""
_HATCH = (
    '<defs><pattern id="skipped" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="skip" d="M0 0V7"/></pattern>'
    '<pattern id="hidden" width="6" height="6" patternUnits="userSpaceOnUse"><path class="hide" d="M0 3H2"/></pattern>'
    "</defs>"
)


class Page:
    """What is drawn so far, and how far down it reaches; `said` are the words for those who do not see it."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.parts: list[str] = []
        self.said: list[str] = []
        self.y = 40.0
        self.text(title, 16, self.y, "head")

    def text(self, text: str, x: float, y: float, classes: str = "small", anchor: str = "start") -> None:
        """Draw text, which may be a client's."""
        self.parts.append(
            f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{clean(text)}</text>'
        )

    def say(self, text: str, classes: str = "normal") -> None:
        """Draw a line of text beneath the rest, and say it in the description."""
        self.y += 28
        self.text(text, 16, self.y, classes)
        self.said.append(text)

    def path(self, classes: str, d: str, hint: str = "") -> None:
        inner = f"<title>{clean(hint)}</title></path>" if hint else "</path>"
        self.parts.append(f'<path class="{classes}" d="{d}">{inner}')

    def rect(self, classes: str, x: float, y: float, width: float, height: float, opacity: float | None = None) -> None:
        faint = "" if opacity is None else f' opacity="{opacity:.2f}"'
        self.parts.append(
            f'<rect class="{classes}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"{faint}/>'
        )

    def legend(self, marks: Iterable[tuple[str, str]]) -> None:
        """Name the marks that are there: their classes and what they mean."""
        x, self.y = 16.0, self.y + 34
        for classes, name in marks:
            wide = 48 + 12.5 * len(name)
            if x + wide > WIDTH and x > 16:
                x, self.y = 16.0, self.y + 28
            if classes in ("a", "b"):
                self.path(classes, f"M{x:.1f} {self.y - 5:.1f}h24")
            else:
                self.rect(classes, x, self.y - 13, 24, 15)
            self.text(name, x + 32, self.y)
            x += wide

    def svg(self) -> str:
        height = self.y + 20
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:.0f}" role="img"'
            f' aria-labelledby="video-title video-desc"><title id="video-title">{clean(self.title, 200)}</title>'
            f'<desc id="video-desc">{clean(". ".join(self.said) + ".", 4000)}</desc><style>{STYLE}</style>{_HATCH}'
            f'<rect class="paper" width="{WIDTH:g}" height="{height:.0f}"/>{"".join(self.parts)}</svg>'
        )


def suppressed(answer: dict[str, Any]) -> str:
    """Return the picture of an answer that tells nothing, as it is of too few."""
    page = Page("Too few viewers to show anything")
    page.said.append(page.title)
    page.say(f"Figures are shown from {answer['smallestGroup']} viewers on.")
    return page.svg()


def clean(text: str, longest: int = 200) -> str:
    """Return text that is safe in an element, on one line and at most `longest` characters."""
    text = " ".join(FORBIDDEN.sub("", text[: 4 * longest]).split())
    return escape(short(text, longest))


def short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def named(node: Node, longest: int = 28) -> str:
    return "the video" if node is None else short(node or "“”", longest)


def clock(seconds: float) -> str:
    """Return a position in a video as a player shows it."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def percent(share: float | None) -> str:
    """Return a share in whole percent; 0 and 100 only if it is exactly that."""
    if share is None:
        return "–"
    return f"{min(max(round(100 * share), 1 if share > 0 else 0), 100 if share >= 1 else 99)} %"


def count(amount: int, one: str, many: str | None = None) -> str:
    written = f"{amount:,}".replace(",", "\u2009")
    return f"{written} {one if amount == 1 else many or one + 's'}"


def ticks(length: float, apart: float, wide: float) -> list[float]:
    """Return round seconds that are far enough from each other."""
    step = next((step for step in _NICE if step / max(length, 0.001) * wide >= apart), length or 1)
    return [place * step for place in range(int(length / step) + 1)]


def hidden(node: dict[str, Any]) -> list[tuple[int, int]]:
    """Return where stretches of a node's bins begin and end that are hidden, as those of small groups are."""
    found: list[tuple[int, int]] = []
    for place, share in enumerate(node["retention"]):
        if share is None:
            first = found.pop()[0] if found and found[-1][1] == place else place
            found.append((first, place + 1))
    return found


def seen_on_average(node: dict[str, Any]) -> str:
    """Return which share of a node its views saw on average, by the curve; at least, where some of it is hidden."""
    shares = [share or 0.0 for share in node["retention"]]
    seen = percent(min(sum(shares) / len(shares), 1.0) if shares else None)
    return f"at least {seen}" if hidden(node) else seen
