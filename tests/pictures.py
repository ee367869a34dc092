"""The pictures in the README, as the service draws them now: `.venv/bin/python -m tests.pictures` writes them anew."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tests.service import PROJECT
from videosession import sample_sessions, sample_viewers
from videosession.timeline import picture, summarise, walk
from videosession.timeline.viewing import Viewing
from videosession.video import Film, Session, packed, plan_of
from videosession.video import picture as whole

FOLDER = PROJECT / "videosession" / "static"
ENDED = datetime(2026, 3, 1, 10, 6, 5, tzinfo=UTC)


def viewing_of(script: list, ended: datetime) -> Viewing:
    events = enumerate(sample_sessions.events(script, ended))
    return walk({"eventId": str(number)} | event for number, event in events)


def film_of_all_viewers() -> Film:
    sessions = []
    for place, viewer in enumerate(sample_viewers.viewers(200)):
        metadata = {"viewerId": viewer.id, "variant": viewer.variant}
        viewing = viewing_of(viewer.script, sample_viewers.ENDED)
        sessions.append(Session(str(place), 0, 0, metadata, packed(viewing)))
    return Film(sessions, 10**15, plan_of(sample_viewers.PLAN))


def drawn() -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each picture."""
    viewing = viewing_of(sample_sessions.FILM, ENDED)
    title = next(title for title, script in sample_sessions.SESSIONS.items() if script is sample_sessions.FILM)
    yield "timeline-of-a-film.svg", picture(viewing, summarise(viewing), title)
    film = film_of_all_viewers()
    yield "choices-of-a-film.svg", whole.choices(film.choices(), film.paths(whole.STEPS)["flows"])
    yield "part-of-a-film.svg", whole.heatmap(film.heatmap(node=("boat",)))


if __name__ == "__main__":
    for name, content in drawn():
        (FOLDER / name).write_text(content)
