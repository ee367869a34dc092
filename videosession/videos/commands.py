"""`flask summarise`: computes results ahead of requests, rebuilds them, or compares them with the events."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext
from pymongo.errors import PyMongoError

from videosession import instants
from videosession.errors import DatabaseFailure
from videosession.exchange.intake import counted
from videosession.services import services
from videosession.terminal import echo, failure, text_option
from videosession.videos.results import Stored, is_stale
from videosession.videos.summarising import Chosen, Summarising

PAUSE_SECONDS = 1.0
ROUND_SECONDS = 5.0  # after which the worker checks whether it must end


@contextmanager
def _database_needed() -> Iterator[None]:
    try:
        with services().database.unhurried():
            yield
    except (PyMongoError, DatabaseFailure) as error:
        raise failure(f"The database does not answer: {error}") from None


@click.command("summarise")
@click.option("--follow", is_flag=True, help="Run until SIGTERM, as a worker beside the web server.")
@text_option("--video", "video_id", metavar="ID", help="Only sessions of this video.")
@text_option("--owner", metavar="SUBJECT", help="Only sessions of this owner.")
@click.option("--rebuild", is_flag=True, help="Recompute all results.")
@click.option("--verify", is_flag=True, help="Check all results and daily sums; exit with 1 if one is wrong.")
@with_appcontext
def summarise(follow: bool, video_id: str | None, owner: str | None, rebuild: bool, verify: bool) -> None:
    """Compute the results of sessions that have changed, in advance of requests for whole videos."""
    if follow + rebuild + verify > 1 or (follow and (video_id or owner)):
        raise click.UsageError(
            "Use only one of --follow, --rebuild and --verify, and no --video or --owner with --follow."
        )
    summarising, chosen = services().videos.summarising, Chosen(owner, video_id)
    if follow:
        _follow(summarising)
        return
    with _database_needed():
        services().videos.sums.know_days()
        if verify:
            _verify(summarising, chosen)
        elif rebuild or video_id or owner:
            _each(summarising, chosen, "Rebuilding" if rebuild else "Summarising", rebuild)
        else:
            _due(summarising)


def _due(summarising: Summarising) -> None:
    work = summarising.work(float("inf"), time.monotonic, at_once=True)
    with _progress("Summarising", work, summarising.count_due()) as done:
        count = sum(1 for _ in done)
    echo(f"Summarised {counted(count, 'session')}.")


def _each(summarising: Summarising, chosen: Chosen, label: str, rebuild: bool) -> None:
    count = 0
    with _progress(label, summarising.chosen(chosen), None) as sessions:
        for stored in sessions:
            if rebuild or is_stale(stored):
                summarising.rebuild(stored)
                count += 1
    echo(f"Summarised {counted(count, 'session')}.")


def _verify(summarising: Summarising, chosen: Chosen) -> None:
    with _progress("Verifying", summarising.chosen(chosen), None) as sessions:
        differing = [
            f"The result of session {stored['_id']} of {stored['owner']} does not match its events."
            for stored in sessions
            if summarising.differs(stored)
        ]
    of_results = () if differing else summarising.sums_of(chosen)  # a sum of wrong results is wrong
    with _progress("Verifying sums", of_results, None) as sums:
        differing += [
            f"The sum of {stored['videoId']} of {stored['owner']} on {instants.write(stored['day'])[:10]}"
            " does not match its results."
            for stored in sums
            if summarising.sum_differs(stored)
        ]
    for line in differing:
        echo(line)
    if differing:
        raise failure(f"{counted(len(differing), 'difference')}: run this with --rebuild.")
    echo("All results match their events, and all daily sums match their results.")


def _follow(summarising: Summarising) -> None:
    """Refresh due results until SIGTERM; wait while the database is unavailable."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.is_set():
        if not _round(summarising, ended.is_set):
            ended.wait(PAUSE_SECONDS)


def _round(summarising: Summarising, is_ended: Callable[[], bool]) -> bool:
    """Refresh some of the due results, and return whether there were any."""
    count = 0
    try:
        for _ in summarising.work(ROUND_SECONDS, time.monotonic):
            count += 1
            if is_ended():
                break
    except (PyMongoError, DatabaseFailure) as error:
        echo(f"The worker is waiting for the database: {error}", err=True)
        return False
    return count > 0


def _progress(label: str, things: Iterable[Stored], count: int | None) -> Any:
    return click.progressbar(things, count, label, file=sys.stderr, show_pos=True, update_min_steps=100)


def init_app(app: Flask) -> None:
    """Add the command to `app`."""
    app.cli.add_command(summarise)
