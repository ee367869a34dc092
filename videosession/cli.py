"""What the `flask` command can do for this service."""

from datetime import timedelta

import click
from flask import Flask, current_app

from videosession import auth


@click.command("token")
@click.argument("subject")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="How long it is valid.")
@click.option("--scope", type=click.Choice([auth.READ, auth.WRITE]), help="The one thing that it allows, not both.")
def token(subject: str, days: int, scope: str | None) -> None:
    """Print a token for SUBJECT, who then owns the sessions made with it."""
    if not 1 <= len(subject) <= auth.LONGEST_SUBJECT:
        raise click.BadParameter(f"must have 1 to {auth.LONGEST_SUBJECT} characters.", param_hint="SUBJECT")
    claims = {"scope": scope} if scope else {}
    click.echo(auth.make_token(subject, timedelta(days=days), **claims))


@click.command("init-db")
def init_db() -> None:
    """Make the database's indexes; safe at any time, any number of times."""
    current_app.extensions["database"].create_indexes()
    click.echo("The indexes are there.")


def init_app(app: Flask) -> None:
    """Offer the commands on `app`."""
    app.cli.add_command(token)
    app.cli.add_command(init_db)
