"""A large Open edX log: `flask import` stores all of it, in memory that does not grow with it.

The log is generated while it is read: `GIGABYTES=10 python -m tests.battery imports`, 1 unless given.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, NamedTuple

import pymongo

from tests.battery.finding import Finding, control, timed
from tests.battery.stage import stage
from tests.service import PROJECT, SECRET, clean_environment

MEGABYTE = 1_000_000
MEMORY = 100 * MEGABYTE
CONTROL_BYTES = 60 * MEGABYTE
VIEWING = [("play_video", 0), *[("pause_video" if at % 2 else "play_video", at // 2 * 10) for at in range(1, 20)]]
OTHER_LINES = 300  # of the server and of other pages after each viewing, so that 6 % of all lines are a player's
COMMAND = [sys.executable, "-m", "flask", "import", "--format", "openedx", "-", "--owner", "alice"]
HOARDING = (
    "from videosession.exchange import intake; intake.MOST_WAITING = 10**9; from flask.__main__ import main; main()"
)


class Log(NamedTuple):
    """What was written."""

    size: int
    lines: int
    sessions: int
    events: int
    broken: int


def experiments() -> Iterator[Finding]:
    """Import a log of so many gigabytes, and a small one of player events alone, keeping all of them until the end."""
    size = int(float(os.environ.get("GIGABYTES", "1")) * 1000 * MEGABYTE)
    yield _imported(COMMAND, size, OTHER_LINES)
    found = _imported([sys.executable, "-c", HOARDING, *COMMAND[3:]], CONTROL_BYTES, 0)
    yield control("an import that keeps all events until the end", found.figures, found.holds)


def _imported(command: list[str], size: int, other_lines: int) -> Finding:
    with stage() as built, (built.directory / "import.txt").open("w+b") as output:
        environment = clean_environment(MONGODB_URI=built.database.uri, JWT_SECRET=SECRET, FLASK_APP="wsgi.py")
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment, cwd=PROJECT
        )
        (log, usage), seconds = timed(lambda: _feed(process, size, other_lines))
        with pymongo.MongoClient(built.database.uri) as client:
            sessions = client.get_default_database().sessions.count_documents({})
        output.seek(0)
        text = output.read().decode()
    memory = usage.ru_maxrss * 1024
    counted = f"{log.events} events in" in text and f"{log.broken} lines could not" in text
    complete = counted and sessions == log.sessions
    figures = (
        f"{log.size / MEGABYTE:,.0f} MB, {log.lines:,} lines, {log.events:,} events in {log.sessions:,} sessions"
        f" {'stored' if complete else f'NOT all stored: {text[:200]}'}; {memory / MEGABYTE:.0f} MB of memory,"
        f" {usage.ru_utime + usage.ru_stime:.0f} s of processor time in {seconds:.0f} s"
    )
    return Finding("an import of a large log", figures, process.returncode == 0 and complete and memory < MEMORY)


def _feed(process: subprocess.Popen, size: int, other_lines: int) -> tuple[Log, resource.struct_rusage]:
    """Write a log to a process, wait for its end, and return what was written and what the process used."""
    assert process.stdin
    with process.stdin as file:
        log = _write(file, size, other_lines)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return log, usage


def _write(file: IO[bytes], size: int, other_lines: int) -> Log:
    """Write viewings with the lines of other things between them, and one broken line for each."""
    other = b"".join(_line(f"/courses/demo/page/{number}", f"s{number}", number, "{}") for number in range(other_lines))
    written = sessions = 0
    while written < size:
        lines = [
            _line(kind, f"s{sessions}", sessions * 60 + 3 * index, json.dumps({"id": "film", "currentTime": position}))
            for index, (kind, position) in enumerate(VIEWING)
        ]
        written += file.write(b"".join(lines) + other + b'{"username": "broken", \n')
        sessions += 1
    return Log(written, sessions * (len(VIEWING) + other_lines + 1), sessions, sessions * len(VIEWING), sessions)


def _line(kind: str, session: str, second: int, event: str) -> bytes:
    day, hour, minute = 1 + second // 86400 % 28, second // 3600 % 24, second // 60 % 60
    line = {
        "username": f"user-{session}",
        "event_type": kind,
        "session": session,
        "ip": "192.0.2.1",
        "agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
        "referer": "https://courses.example/courses/course-v1:Example+Demo+2026/courseware/week-1/",
        "page": "https://courses.example/courses/course-v1:Example+Demo+2026/courseware/week-1/",
        "time": f"2026-03-{day:02}T{hour:02}:{minute:02}:{second % 60:02}.000000+00:00",
        "event": event,
        "event_source": "browser",
        "context": {"course_id": "course-v1:Example+Demo+2026", "org_id": "Example", "user_id": session},
    }
    return json.dumps(line).encode() + b"\n"
