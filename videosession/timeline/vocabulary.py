"""The known event types and fields, their aliases, and which values are valid.

The aliases come from the HTML media element, the players of YouTube, Vimeo, video.js, JW, Bitmovin and Kaltura,
Adobe's media collection, Segment, RudderStack, Snowplow, xAPI's video profile, Open edX, Coursemology and EPAS.
Events are stored as they were sent; aliases are translated only here.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from videosession.instants import read as microseconds
from videosession.timeline.viewing import Node

__all__ = ["ALIASES", "ALSO_CALLED", "FIELDS", "FIELD_ALSO_CALLED", "READS", "TYPES", "known_fields", "microseconds"]

MOST = 1e10  # seconds, or times the normal speed; larger numbers are invalid
LONGEST_NAME = 200  # characters; longer names are invalid
NUMBERS = (int, float)
# Some players send numbers as text: Open edX sends the speed "1.50".
NUMBER_AS_TEXT = re.compile(r"\d{1,11}(\.\d{1,20})?", re.ASCII)


class Invalid(Enum):
    """The result of a reader for an invalid value."""

    INVALID = "invalid"


INVALID = Invalid.INVALID

ALSO_CALLED = {
    "play": [
        *["playing", "played", "resume", "resumed", "play_video", "edx.video.played"],
        "Video Playback Started",
        "Video Playback Resumed",
    ],
    "pause": [
        *["paused", "pauseStart", "pause_video", "edx.video.paused"],
        "Video Playback Paused",
        "Video Playback Interrupted",
    ],
    "seek": ["seek_video", "edx.video.position.changed"],
    "seekStart": ["seeking", "seek_start", "Video Playback Seek Started"],
    "seekEnd": ["seeked", "seek_end", "seekComplete", "Video Playback Seek Completed"],
    "ping": [*["timeupdate", "heartbeat", "continue_video", "time"], "Video Content Playing"],
    "bufferStart": [*["waiting", "stalled", "buffer_start", "buffer", "buffering"], "Video Playback Buffer Started"],
    "bufferEnd": [*["canplay", "buffer_end", "buffered"], "Video Playback Buffer Completed"],
    "rateChange": ["ratechange", "rate_change", "speed_change_video", "playback_rate_change", "speed_change"],
    "complete": [
        *["ended", "completed", "sessionComplete", "stop_video", "edx.video.stopped", "end"],
        "Video Playback Completed",
    ],
    "sessionStart": ["initialized", "load_video", "edx.video.loaded", "session_start"],
    "sessionEnd": [*["terminated", "session_end", "stopped"], "Video Playback Exited"],
    "choice": ["branch"],
    "choiceOffer": ["choice_offer"],
    "nodeEnter": ["node_enter"],
    "chapterStart": ["chapter_start"],
    "chapterComplete": ["chapter_end"],
    "chapterSkip": ["chapter_skip"],
    "adBreakStart": ["ad_break_start"],
    "adBreakComplete": ["ad_break_end", "adBreakEnd"],
}

# An example of `data` for each type.
EXAMPLES: dict[str, dict[str, Any]] = {
    "sessionStart": {"node": "intro", "duration": 120},
    "play": {"position": 0, "duration": 120},
    "pause": {"position": 20},
    "seek": {"from": 20, "to": 60},
    "seekStart": {"from": 20},
    "seekEnd": {"to": 60},
    "ping": {"position": 70},
    "bufferStart": {"position": 75},
    "bufferEnd": {"position": 75},
    "rateChange": {"position": 75, "rate": 1.5},
    "complete": {"position": 120},
    "sessionEnd": {"position": 80},
    "choice": {"position": 110, "toNode": "left", "option": "Go left", "duration": 30},
    "choiceOffer": {"options": ["Go left", "Go right"]},
    "nodeEnter": {"node": "left", "fromNode": "intro", "fromPosition": 120, "duration": 30, "cause": "timeout"},
    "chapterStart": {"index": 1, "title": "The forest"},
    "chapterComplete": {"index": 1},
    "chapterSkip": {"index": 1},
    "adBreakStart": {"position": 30},
    "adBreakComplete": {"position": 30},
}

# The first name whose value is not null wins, the known name before its aliases in this order.
FIELD_ALSO_CALLED = {
    "position": ["playhead", "currentTime", "current_time", "time", "video_time", "seconds"],
    "from": ["old_time", "timeFrom", "time_from", "time-from"],
    "to": ["new_time", "timeTo", "time_to", "time-to", "offset", "seekTarget", "seek_position", "targetPosition"],
    "rate": ["playbackRate", "playback_rate", "newRate", "new_speed", "speed"],
    "duration": ["length", "total_length"],
    "toNode": ["to_node"],
    "fromNode": ["from_node"],
    "toPosition": ["to_position"],
    "fromPosition": ["from_position"],
}

TYPES = {name: known for known, names in ALSO_CALLED.items() for name in (known, *names)}
ALIASES = {name: field for field, names in FIELD_ALSO_CALLED.items() for name in names}


def known_fields(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the known fields of `data` under their known names; without aliases in it, `data` itself."""
    if ALIASES.keys().isdisjoint(data.keys()):
        return data
    fields: dict[str, Any] = {}
    for name in sorted(filter(FIELDS.__contains__, data), key=RANK.__getitem__):
        field = FIELDS[name]
        if fields.get(field) is None:
            fields[field] = data[name]
    return fields


def numeric(value: Any) -> float | None:
    """Return a number, or the number that a text contains; None for any other value."""
    if isinstance(value, NUMBERS):
        return None if isinstance(value, bool) else value
    return float(value) if isinstance(value, str) and NUMBER_AS_TEXT.fullmatch(value) else None


def seconds(value: Any, node: Node) -> float | Invalid:
    """Return a position on a node other than the current one."""
    number = value if type(value) is float else numeric(value)
    return INVALID if number is None or not 0 <= number <= MOST else float(number) + 0.0  # turns -0.0 into 0.0


def position(value: Any, node: Node) -> float | Invalid:
    """Return a position on the current node; up to 1 s beyond its length counts as its length."""
    read = seconds(value, node)
    return read if read is INVALID else node.within(read)


def amount(value: Any, node: Node) -> float | Invalid:
    """Return a rate or a duration."""
    number = numeric(value)
    return INVALID if number is None or not 0 < number <= MOST else float(number)


def node_name(value: Any, node: Node) -> str | Invalid:
    """Return the name of a node."""
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME else INVALID


def word(value: Any, node: Node) -> str | Invalid | None:
    """Return optional free text; a value that is no string is ignored, and a string that is too long is invalid."""
    if not isinstance(value, str):
        return None
    return value if len(value) <= LONGEST_NAME else INVALID


def number(value: Any, node: Node) -> float | None:
    return value if isinstance(value, NUMBERS) and not isinstance(value, bool) else None


Reader = Callable[[Any, Node], Any]
POSITION: dict[str, Reader] = {"position": position}
SEEK: dict[str, Reader] = {"from": position, "to": position, "position": position, "cause": word}
CHAPTER: dict[str, Reader] = {"index": number, "title": word}

# The fields of `data` that each type reads, besides the rate and, where it is the current node's, the duration.
READS: dict[str, dict[str, Reader]] = {
    "sessionStart": {"node": node_name},
    **dict.fromkeys(("play", "pause", "ping", "bufferStart", "bufferEnd", "rateChange"), POSITION),
    **dict.fromkeys(("complete", "sessionEnd", "adBreakStart", "adBreakComplete"), POSITION),
    "seek": SEEK,
    "seekStart": {"from": position, "position": position, "cause": word},
    "seekEnd": SEEK,
    "choiceOffer": {},
    "choice": {
        "toNode": node_name,
        "fromNode": node_name,
        "option": word,
        "cause": word,
        "position": position,
        "fromPosition": position,
        "toPosition": seconds,
        "duration": amount,
    },
    "nodeEnter": {
        "node": node_name,
        "toNode": node_name,
        "fromNode": node_name,
        "option": word,
        "cause": word,
        "fromPosition": position,
        "toPosition": seconds,
        "duration": amount,
    },
    **dict.fromkeys(("chapterStart", "chapterComplete", "chapterSkip"), CHAPTER),
}

# Every name of a field, known names before aliases.
FIELDS = {field: field for fields in ({"rate", "duration", "node"}, *READS.values()) for field in fields} | ALIASES
RANK = {name: rank for rank, name in enumerate(FIELDS)}
