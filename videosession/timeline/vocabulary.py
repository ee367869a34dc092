"""The known types and fields, what else players call them, and what of a value counts.

The other names are those of the HTML media element, YouTube's and video.js' players, Adobe's media collection,
Snowplow, Open edX and Coursemology. What was sent is stored as it was sent: it is translated here and nowhere else.
"""

from datetime import UTC, datetime, timedelta

MOST = 1e10  # seconds, or times the normal speed: beyond it a number is a mistake
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NUMBERS = (int, float)
INVALID = object()

ALSO_CALLED = {
    "play": "playing played resume resumed play_video edx.video.played",
    "pause": "paused pauseStart pause_video edx.video.paused",
    "seek": "seek_video edx.video.position.changed",
    "seekStart": "seeking seek_start",
    "seekEnd": "seeked seek_end seekComplete",
    "ping": "timeupdate heartbeat continue_video",
    "bufferStart": "waiting stalled buffer_start",
    "bufferEnd": "canplay buffer_end",
    "rateChange": "ratechange rate_change speed_change_video",
    "complete": "ended completed sessionComplete stop_video edx.video.stopped",
    "sessionStart": "initialized load_video edx.video.loaded session_start",
    "sessionEnd": "terminated session_end",
    "choice": "branch",
    "nodeEnter": "node_enter",
    "chapterStart": "chapter_start",
    "chapterComplete": "chapter_end",
    "chapterSkip": "chapter_skip",
    "adBreakStart": "ad_break_start",
    "adBreakComplete": "ad_break_end adBreakEnd",
}

# A field goes by the first of its names that is not null, in this order.
FIELD_ALSO_CALLED = {
    "position": "playhead currentTime current_time time",
    "from": "old_time timeFrom time_from",
    "to": "new_time timeTo time_to",
    "rate": "playbackRate playback_rate newRate new_speed speed",
    "toNode": "to_node",
    "fromNode": "from_node",
    "toPosition": "to_position",
    "fromPosition": "from_position",
}

TYPES = {name: known for known, names in ALSO_CALLED.items() for name in (known, *names.split())}
ALIASES = {name: field for field, names in FIELD_ALSO_CALLED.items() for name in names.split()}


def known_fields(data):
    """Return `data` with the known fields under their known names, itself where it uses no others."""
    if ALIASES.keys().isdisjoint(data.keys()):
        return data
    fields = {}
    for name in sorted(filter(FIELDS.__contains__, data), key=RANK.__getitem__):
        field = FIELDS[name]
        if fields.get(field) is None:
            fields[field] = data[name]
    return fields


def microseconds(timestamp):
    """Return an RFC 3339 timestamp as microseconds since the Unix epoch; further digits are cut off."""
    return (datetime.fromisoformat(timestamp.upper()) - EPOCH) // MICROSECOND


def seconds(value, node=None):
    """Read a position on another node than the current one."""
    if isinstance(value, NUMBERS) and not isinstance(value, bool) and 0 <= value <= MOST:
        return float(value) + 0.0  # there is no -0.0
    return INVALID


def position(value, node):
    """Read a position on the current node: up to 1 s beyond its length is its length."""
    value = seconds(value)
    return value if value is INVALID else node.within(value)


def amount(value, node=None):
    """Read a rate or a duration."""
    if isinstance(value, NUMBERS) and not isinstance(value, bool) and 0 < value <= MOST:
        return float(value)
    return INVALID


def node_name(value, node=None):
    """Read the name of a node."""
    return value if isinstance(value, str) else INVALID


def word(value, node=None):
    """Read what is optional and free: another value than a string is no mistake."""
    return value if isinstance(value, str) else None


def number(value, node=None):
    return value if isinstance(value, NUMBERS) and not isinstance(value, bool) else None


POSITION = {"position": position}
SEEK = {"from": position, "to": position, "position": position, "cause": word}
CHAPTER = {"index": number, "title": word}

# What each type reads of `data`, besides the rate and, where it is the current node's, the duration.
READS = {
    "sessionStart": {"node": node_name},
    **dict.fromkeys(("play", "pause", "ping", "bufferStart", "bufferEnd", "rateChange"), POSITION),
    **dict.fromkeys(("complete", "sessionEnd", "adBreakStart", "adBreakComplete"), POSITION),
    "seek": SEEK,
    "seekStart": {"from": position, "cause": word},
    "seekEnd": SEEK,
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

# Every name of a field, a known one before the others it goes by.
FIELDS = {field: field for fields in ({"rate", "duration", "node"}, *READS.values()) for field in fields} | ALIASES
RANK = {name: rank for rank, name in enumerate(FIELDS)}
