"""A shorthand for logs and for what is expected of them, so that a rule and its cases fit on a screen.

`"0 play 0; 10 seek to=40 from=10; 20.5 pause 50"` are three events: seconds, type, position, further fields as JSON.
A `~` in a type is a blank.
"""

import json
from datetime import UTC, datetime, timedelta

from videosession.timeline import timeline

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(place, line):
    seconds, name, *said = line.split()
    data = dict(field.split("=", 1) for field in (each if "=" in each else f"position={each}" for each in said))
    return {
        "eventId": f"e{place}",
        "type": name.replace("~", " "),
        "timestamp": (START + timedelta(seconds=float(seconds))).isoformat(),
        "data": {field: value(text) for field, text in data.items()},
    }


def value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def log(text):
    return [event(place, line) for place, line in enumerate(text.split(";"))]


def number(value):
    return f"{value:g}"


def told(text, **query):
    """Return the answer to a log, as short as the log."""
    answer = timeline(log(text), **query)
    return answer | {
        "segments": " ".join(f"{number(each['from'])}-{number(each['to'])}" for each in answer["segments"]),
        "jumps": " ".join(
            f"{number(each['from'])}>{number(each['to'])}:{each['cause']}:{each['steps']}" for each in answer["jumps"]
        ),
        "wall": " ".join(f"{mode}={number(seconds)}" for mode, seconds in sorted(answer["wall"].items())),
        "anomalies": " ".join(f"{each['code']}:{each['count']}" for each in answer["anomalies"]),
        "path": " ".join(str(node) for node in answer["path"]),
        "edges": " ".join(
            f"{each['from']}>{each['to']}:{each['option']}:{each['cause']}:{each['count']}"
            for each in answer["graph"]["edges"]
        ),
        "chapters": " ".join(
            f"{each['node']}/{each['index']}/{each['title']}={number(each['playedSeconds'])}{'!' * each['completed']}"
            for each in answer["chapters"]
        ),
    }
