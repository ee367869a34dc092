"""Draws a viewing as SVG: wall-clock time across, position up, a lane for each node, and the branches beneath.

It has no scripts and no external resources; text from clients is cut, cleaned and escaped. Its size is bounded however
long the session was: marks that are too small or too many are left out, and a note says so.
"""

from videosession.timeline.picture.axis import spoken
from videosession.timeline.picture.page import LANES, Page
from videosession.timeline.picture.style import POINT, STYLE
from videosession.timeline.picture.svg import plain, tag
from videosession.timeline.picture.words import facts, headline
from videosession.timeline.summary import Answer
from videosession.timeline.viewing import Viewing


def picture(viewing: Viewing, answer: Answer, title: str | None = None, video_id: str | None = None) -> str:
    """Return an SVG of a `Viewing` and its summary, titled with the session's title and video."""
    name = " · ".join(plain(each, 40) for each in (title, video_id) if each)
    page = Page(viewing, answer, name)
    page.write()
    return tag(
        "svg",
        tag("title", f"Timeline{name and f' of {name}'}: {headline(answer)}", id="timeline-title")
        + tag("desc", described(answer, page.notes), id="timeline-desc")
        + tag("style", STYLE)
        + tag("defs", POINT)
        + tag("rect", class_="paper", width=page.width, height=page.y)
        + "".join(page.parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {page.width} {page.y:g}",
        role="img",
        aria_labelledby="timeline-title timeline-desc",
    )


def described(answer: Answer, notes: list[str]) -> str:
    """Return the picture's content in words, for screen readers."""
    nodes = [
        f"{plain(node['id']) if node['id'] is not None else 'video'}: {spoken(node['uniqueSeconds'])} seen"
        for node in answer["graph"]["nodes"][:LANES]
    ]
    return ". ".join([headline(answer), *facts(answer), *nodes, *notes]) + "."
