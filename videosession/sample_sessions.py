"""The sessions that `flask demo` creates, as scripts of the events that a player would send."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

Script = list[tuple[float, str, dict]]  # seconds since the session began, type, data


def _watching(begin: float, end: float, position: float, rate: float = 1.0) -> Script:
    """Return a ping every 10 s from `begin` to `end`, for playback that begins at `position`."""
    count = int((end - begin) / 10)
    moments = [begin + 10 * (step + 1) for step in range(count)]
    return [(moment, "ping", {"position": position + (moment - begin) * rate}) for moment in moments if moment < end]


LECTURE: Script = [
    (0, "sessionStart", {"duration": 1800}),
    (1, "play", {"position": 0}),
    *_watching(1, 61, 0),
    (61, "seek", {"from": 60, "to": 420}),
    *_watching(61, 91, 420),
    (91, "seek", {"from": 450, "to": 780}),
    *_watching(91, 121, 780),
    (121, "seek", {"from": 810, "to": 1140}),
    *_watching(121, 301, 1140),
    (301, "pause", {"position": 1320}),
    (361, "play", {"position": 1320}),
    (362, "seek", {"from": 1321, "to": 1140}),
    *_watching(362, 542, 1140),
    (542, "seek", {"from": 1320, "to": 1140}),
    (542, "rateChange", {"position": 1140, "rate": 1.5}),
    *_watching(542, 662, 1140, 1.5),
    (662, "seek", {"from": 1320, "to": 1680}),
    *_watching(662, 742, 1680, 1.5),
    (742, "complete", {"position": 1800}),
]

FILM: Script = [
    (0, "sessionStart", {"node": "The station", "duration": 90}),
    (1, "play", {"position": 0}),
    *_watching(1, 86, 0),
    (86, "choice", {"toNode": "The train", "option": "Get on", "fromPosition": 85, "duration": 120, "toPosition": 0}),
    *_watching(86, 136, 0),
    (
        136,
        "choice",
        {"toNode": "The station", "option": "Go back", "fromPosition": 50, "duration": 90, "toPosition": 0},
    ),
    (138, "seek", {"from": 2, "to": 60}),
    *_watching(138, 163, 60),
    (163, "choice", {"toNode": "The river", "option": "Walk", "fromPosition": 85, "duration": 150, "toPosition": 0}),
    *_watching(163, 233, 0),
    (233, "bufferStart", {"position": 70}),
    (245, "bufferEnd", {"position": 70}),
    *_watching(245, 325, 70),
    (325, "nodeEnter", {"node": "The end", "fromPosition": 150, "duration": 40, "toPosition": 0}),
    *_watching(325, 365, 0),
    (365, "complete", {"position": 40}),
]

LAPTOP: Script = [
    (0, "play", {"position": 0, "duration": 2400}),
    *_watching(0, 400, 0),
    (28_800, "ping", {"position": 406}),
    *_watching(28_800, 29_400, 406),
    (29_400, "pause", {"position": 1006}),
    (29_460, "play", {"position": 1006}),
    *_watching(29_460, 29_700, 1006),
    (29_700, "pause", {"position": 1246}),
]

SESSIONS = {
    "A lecture, skimmed, and a part of it watched again": LECTURE,
    "A branching film, with a way back": FILM,
    "A laptop that slept through the night": LAPTOP,
}


def events(script: Script, ended: datetime | None = None) -> Iterator[dict]:
    """Yield a script's events as a client would send them; the last one is at `ended`, by default now."""
    began = (ended or datetime.now(UTC)) - timedelta(seconds=script[-1][0])
    for seconds, kind, data in script:
        moment = began + timedelta(seconds=seconds)
        yield {"type": kind, "timestamp": moment.isoformat(timespec="milliseconds"), "data": data}
