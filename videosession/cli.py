"""The flask commands: token, init-db, purge, export, import, demo, …"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, BinaryIO

import click
import orjson
from flask import Flask, current_app
from flask.cli import with_appcontext
from pymongo.errors import PyMongoError

from videosession import auth, sample_sessions, sample_viewers
from videosession.config import Config
from videosession.database.errors import meaning
from videosession.embedded import EmbeddedError
from videosession.errors import Conflict, DatabaseFailure, DatabaseUnavailable, NotFound
from videosession.exchange import logs, segments, xapi
from videosession.exchange.intake import REMEMBERED_SESSIONS, Intake, counted, pseudonyms
from videosession.services import services
from videosession.sessions.schemas import NewEvent
from videosession.sessions.transfer import NotImported
from videosession.terminal import UNICODE, echo, failure, text_option, writer
from videosession.timeline import walk


@contextmanager
def _database_needed() -> Iterator[None]:
    """Lift the deadline; end the command with a message if the database cannot be used."""
    try:
        with services().database.unhurried():
            yield
    except DatabaseFailure as error:
        raise failure(error.detail) from None
    except PyMongoError as error:
        does = "is unavailable" if isinstance(meaning(error), DatabaseUnavailable) else "refuses this operation"
        raise failure(f"The database {does}: {error}") from None
    except EmbeddedError as error:
        raise failure(str(error)) from None


@click.command("token")
@click.argument("subject", type=UNICODE)
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="The token's lifetime in days."
)
@click.option(
    "--scope", type=click.Choice([auth.READ, auth.WRITE, auth.SUMMARY]), help="Limit the token to this scope."
)
@with_appcontext
def token(subject: str, days: int, scope: str | None) -> None:
    """Print a token for SUBJECT, the owner of the sessions created with it."""
    _check_subject(subject, "SUBJECT")
    claims = {"scope": scope} if scope else {}
    echo(auth.make_token(subject, timedelta(days=days), **claims))


def _check_subject(subject: str, parameter: str) -> None:
    if not auth.is_subject(subject):
        raise click.BadParameter(f"must have 1 to {auth.LONGEST_SUBJECT} characters.", param_hint=parameter)


@click.command("init-db")
@with_appcontext
@_database_needed()
def init_db() -> None:
    """Examine the database and create missing indexes. Safe to repeat at any time."""
    if faults := services().engine.examine():
        told = "\n".join(f"  {fault}" for fault in faults)
        raise failure(f"The database is not safe to use:\n{told}")
    services().database.create_indexes()
    echo("All indexes exist.")


@click.command("purge")
@text_option("--owner", metavar="SUBJECT", help="Remove all data of this owner.")
@with_appcontext
@_database_needed()
def purge(owner: str | None) -> None:
    """Remove expired sessions, and all remaining data of deleted ones, now."""
    if owner is not None:
        _check_subject(owner, "--owner")
    removal = services().removal
    if owner is None:
        if not removal.expire():
            raise failure("Nothing was removed: the clocks of this machine and of the database differ; see the log.")
        told = "Removed all data of deleted and expired sessions."
    else:
        told = f"{counted(removal.forget(owner=owner), 'session')} of {owner} removed, with all events."
    if not removal.sweep():
        raise failure("The database did not remove everything: see its log, and run this command again.")
    if owner is not None:
        services().videos.forget(owner=owner)
    echo(told)


@click.command("export")
@click.argument("session_id", type=UNICODE, metavar="SESSION", required=False)
@click.option(
    "--video",
    type=UNICODE,
    metavar="VIDEO_ID",
    help="Export all sessions of --owner with this videoId, instead of SESSION.",
)
@text_option("--owner", metavar="SUBJECT", help="The owner of the sessions of --video.")
@click.option("--format", "form", type=click.Choice(["jsonl", "xapi", "csv"]), default="jsonl", show_default=True)
@click.option(
    "--base", type=UNICODE, default=xapi.NO_ADDRESS, metavar="IRI", help="xapi: the base of all generated ids."
)
@click.option(
    "--length",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="xapi: the length of nodes without one.",
)
@with_appcontext
@_database_needed()
def export_session(
    session_id: str | None, video: str | None, owner: str | None, form: str, base: str, length: float | None
) -> None:
    """Write SESSION as lines of JSON with its events, as xAPI statements, or as CSV with its segments."""
    if (session_id is None) == (video is None) or (video is None) != (owner is None):
        raise click.UsageError("Name a SESSION, or a --video and its --owner.")
    if not xapi.is_iri(base):
        raise click.UsageError("--base must be an IRI, such as https://lms.example.")
    if form == "jsonl" and session_id is None:
        raise click.UsageError("--format jsonl exports a single SESSION: name it, or use --format xapi or csv.")
    try:
        if form == "jsonl":
            _export_lines(str(session_id))
        else:
            _export_viewings(_chosen(session_id, video, owner), form, xapi.Options(base, length))
    except NotFound as error:
        raise failure(error.detail) from None


def _export_lines(session_id: str) -> None:
    transfer, write = services().transfer, writer()
    with _progress("Exporting", transfer.lines(session_id), 1 + transfer.count(session_id)) as lines:
        for line in lines:
            write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _chosen(session_id: str | None, video: str | None, owner: str | None) -> Iterator[tuple[str, str]]:
    """Yield the ids of the chosen sessions, each with its owner."""
    if session_id is not None:
        yield session_id, services().sessions.owner_of(session_id)
        return
    page, after = None, None
    while page is None or after:
        page = services().sessions.newest(owner=str(owner), limit=100, after=after, videoId=str(video))
        yield from ((session["_id"], session["owner"]) for session in page.items)
        after = page.place


def _export_viewings(chosen: Iterator[tuple[str, str]], form: str, options: xapi.Options) -> None:
    """Write each session's viewing, and report how many statements were left out."""
    write, left_out, found = writer(), 0, False
    if form == "csv":
        write(segments.header().encode())
    with _progress("Exporting", chosen, None) as sessions:
        for session_id, owner in sessions:
            found = True
            session, events = services().sessions.timeline_events(session_id, owner=owner)
            if form == "csv":
                write("".join(segments.lines(session, walk(events))).encode())
                continue
            for statement in xapi.statements(session, walk(events), options):
                left_out += statement is None
                write(b"" if statement is None else orjson.dumps(statement, option=orjson.OPT_APPEND_NEWLINE))
    if not found:
        echo("The owner has no session with this videoId.", err=True)
    if left_out:
        told = f"{counted(left_out, 'statement')} left out, because they need a length. Give one with --length."
        echo(told, err=True)


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--owner", type=UNICODE, metavar="SUBJECT", help="The owner of the sessions. Default: the one in the file."
)
@click.option("--format", "form", type=click.Choice(["jsonl", *logs.FORMATS]), default="jsonl", show_default=True)
@click.option("--keep-names", is_flag=True, help="openedx, xapi: keep user names instead of hashing them.")
@text_option("--salt", help="openedx, xapi: the key of the hashes. Default: JWT_SECRET.")
@with_appcontext
@_database_needed()
def import_session(file: BinaryIO, owner: str | None, form: str, keep_names: bool, salt: str | None) -> None:
    """Store FILE, a session written by `flask export` or a log; - reads standard input. Safe to repeat."""
    if owner is not None:
        _check_subject(owner, "--owner")
    if form != "jsonl" and owner is None:
        raise click.UsageError("--owner is required: the owner of the imported sessions.")
    try:
        if form == "jsonl":
            _import_lines(file, owner)
        else:
            salt = salt or current_app.config["JWT_SECRET_KEY"]
            _import_log(file, str(owner), form, str if keep_names else pseudonyms(salt))
    except OSError as error:
        raise failure(f"The file cannot be read: {error.strerror}.") from None


def _import_lines(file: BinaryIO, owner: str | None) -> None:
    try:
        with _progress("Importing", file, _count_lines(file)) as lines:
            session_id = services().transfer.restore(lines, owner)
    except NotImported as error:
        hint = (
            "\nIf the file is a log of another system, give its --format."
            if str(error).startswith(("Line 1:", "Line 1 "))
            else ""
        )
        raise failure(f"{error}{hint}") from None
    echo(session_id)


def _import_log(file: BinaryIO, owner: str, form: str, pseudonym: Callable[[str], str]) -> None:
    """Store a log as sessions, and print a summary with the address of the page that shows them."""
    intake, damage = Intake(services().sessions, owner, form, pseudonym), None
    with _progress("Importing", (), _size(file)) as bar:
        try:
            for number, read in logs.numbered(file, form):
                intake.take(number, read)
                if number % 1000 == 0 and file.seekable():
                    bar.update(file.tell() - bar.pos)
        except logs.Damaged as error:
            damage = error
        intake.flush()
    for line in intake.messages():
        echo(line, err=True)
    if intake.events:
        many = intake.sessions > REMEMBERED_SESSIONS
        sessions = f"more than {REMEMBERED_SESSIONS} sessions" if many else counted(intake.sessions, "session")
        echo(f"{counted(intake.events, 'event')} in {sessions}. While the service is running, open this page:\n")
        echo(_page(owner, _base()))
    elif not (damage or intake.broken or intake.deleted):
        echo(f"No events were stored: read as {form}, the file has no events of a video.")
    else:
        echo("No events were stored.")
    if damage:
        raise failure(str(damage))


def _page(owner: str, base: str) -> str:
    """Return the page's address with a token for reading in the fragment, which browsers never send."""
    bearer = auth.make_token(owner, timedelta(days=1), scope=auth.READ)
    return f"{base}/#token={bearer}"


def _base() -> str:
    """Return the address of the service on this machine: gunicorn listens on PORT, `flask run` on FLASK_RUN_PORT."""
    port, of_flask_run = services().settings.port, os.environ.get("FLASK_RUN_PORT") or str(Config.port)
    if port == Config.port:  # unset, or copied from .env.example
        return f"http://localhost:{of_flask_run}"
    if str(port) != of_flask_run:
        echo(f"`flask run` listens on port {of_flask_run}, gunicorn on the port below.\n", err=True)
    return f"http://localhost:{port}"


def _size(file: BinaryIO) -> int | None:
    if not file.seekable():
        return None
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _progress(label: str, things: Iterable, count: int | None):
    """Return a progress bar on standard error."""
    return click.progressbar(things, count, label, file=sys.stderr, show_pos=True, update_min_steps=1000)


def _count_lines(file: BinaryIO) -> int | None:
    """Return the number of lines of a file; None if it can be read only once."""
    if not file.seekable():
        return None
    count = sum(1 for _ in file)
    file.seek(0)
    return count


@click.command("demo")
@with_appcontext
@_database_needed()
def fill_demo() -> None:
    """Create sample sessions, and print links and commands to look at them."""
    repository, base = services().sessions, _base()
    bearer = auth.make_token("demo", timedelta(days=1), scope=auth.READ)
    # Browsers never send the fragment.
    film = f"{base}/demo#token={auth.make_token('demo', timedelta(days=1))}"
    echo(f"While the service is running, open this page to see all sessions and videos:\n\n{_page('demo', base)}\n")
    echo(f"Open this page to watch a film beside its timeline:\n\n{film}\n")
    _add_viewers()
    echo(f"Or save the picture of a sample session with one of these commands:\n\nTOKEN={bearer}\n")
    for place, (title, script) in enumerate(sample_sessions.SESSIONS.items(), 1):
        session_id = repository.create(owner="demo", title=title, description="")["_id"]
        repository.append(session_id, NewEvent(many=True).load(list(sample_sessions.events(script))), owner="demo")
        address = f"{base}/api/sessions/{session_id}/timeline.svg"
        echo(f'# {title}\ncurl -s -H "Authorization: Bearer $TOKEN" {address} > demo-{place}.svg\n')
    echo(f"Or pictures of what {sample_viewers.VIEWERS} simulated viewers did with the demo film:\n")
    for name, address in (("choices", "choices.svg?videoId=demo"), ("boat", "heatmap.svg?videoId=demo&node=boat")):
        echo(f'curl -s -H "Authorization: Bearer $TOKEN" "{base}/api/videos/{address}" > demo-{name}.svg')


def _add_viewers() -> None:
    """Create the simulated viewers of the demo's film, and its plan; their keys keep a second call from adding more."""
    repository, plans = services().sessions, services().videos.plans
    plans.put(sample_viewers.VIDEO_ID, sample_viewers.PLAN, owner="demo", condition=lambda tag: None)
    for place, viewer in enumerate(sample_viewers.viewers(sample_viewers.VIEWERS)):
        content: dict[str, Any] = {
            "title": f"Simulated viewer {place + 1}",
            "description": "",
            "videoId": sample_viewers.VIDEO_ID,
        }
        content["metadata"] = {"viewerId": viewer.id, "variant": viewer.variant}
        events = list(sample_sessions.events(viewer.script, sample_viewers.ENDED))
        with suppress(Conflict):  # it has been deleted since an earlier call
            session_id = repository.create(owner="demo", key=f"demo-{place}", **content)["_id"]
            repository.append(session_id, NewEvent(many=True).load(events), owner="demo", key=f"demo-{place}")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    app.cli.add_command(token)
    app.cli.add_command(init_db)
    app.cli.add_command(purge)
    app.cli.add_command(export_session)
    app.cli.add_command(import_session)
    app.cli.add_command(fill_demo)
