"""SVG elements; strings from clients become text and never markup."""

import re
from collections.abc import Iterable
from html import escape
from typing import Any

Point = tuple[float, float]

# Characters that XML 1.0 does not allow, and bidirectional controls, which reorder the text around them.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


def plain(text: str, longest: int = 40) -> str:
    """Return text that is safe in an element, on one line and at most `longest` characters."""
    text = " ".join(FORBIDDEN.sub("", text[: 4 * longest]).split())
    return escape(text if len(text) <= longest else text[: longest - 1].rstrip() + "…")


def tag(name: str, content: str | None = None, **attributes: Any) -> str:
    """Return an element; `content` must be markup already, and attributes must not come from clients."""
    written = "".join(f' {key.strip("_").replace("_", "-")}="{figure(each)}"' for key, each in attributes.items())
    return f"<{name}{written}/>" if content is None else f"<{name}{written}>{content}</{name}>"


def figure(value: Any) -> Any:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def label(text: str, x: float, y: float, classes: str = "small", **attributes: Any) -> str:
    return tag("text", text, class_=classes, x=float(x), y=float(y), **attributes)


def line(points: Iterable[Point]) -> str:
    """Return the path data of a line through points."""
    return "M" + "L".join(f"{figure(float(x))} {figure(float(y))}" for x, y in points)
