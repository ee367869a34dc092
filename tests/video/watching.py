"""Sessions that watch a film, stored without HTTP."""

SECOND = 1_000_000
OWNER = "alice"
BEGINNING = 1_772_359_200 * SECOND  # 2026-03-01T10:00:00Z


class Clock:
    def __init__(self):
        self.now = BEGINNING

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += seconds * SECOND


class _Timestamp(str):
    def __new__(cls, text, microseconds):
        made = super().__new__(cls, text)
        made.microseconds = microseconds
        return made


def event(seconds, position):
    """Return a play at second 0, and a pause later."""
    return {
        "type": "play" if not seconds else "pause",
        "timestamp": _Timestamp(f"2026-03-01T10:00:{seconds:02}Z", BEGINNING + seconds * SECOND),
        "data": {"position": position, "duration": 60},
    }


def watch(sessions, seconds=20, *, owner=OWNER, **content):
    """Create a session that watches so long, and return its id."""
    session = sessions.create(owner=owner, **{"title": "x", "description": "", "videoId": "film"} | content)["_id"]
    sessions.append(session, [event(0, 0), event(seconds, seconds)], owner=owner)
    return session
