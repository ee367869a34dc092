"""The output of commands: it may quote files or text from clients, and must not control the terminal."""

import sys
from collections.abc import Callable
from functools import partial

import click

from videosession.contract.exact_json import text_fault
from videosession.observability import printable


class Unicode(click.ParamType):
    """Text that can be stored: Python passes an argument that is not UTF-8 with lone surrogates in it."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; click.BadParameter."""
        if not value.isascii() and text_fault(value):
            self.fail("must be UTF-8.", param, ctx)
        return value


UNICODE = Unicode()
text_option = partial(click.option, type=UNICODE)


def echo(text: str, *, err: bool = False) -> None:
    """Print a line."""
    click.echo(printable(text), err=err)


def failure(text: str) -> click.ClickException:
    """Return the exception that ends a command with this message and exit code 1."""
    return click.ClickException(printable(text))


def writer() -> Callable[[bytes], object]:
    """Return a function that writes lines of data to standard output, escaped if that is a terminal."""
    if sys.stdout.isatty():
        return lambda data: sys.stdout.write(printable(data.decode()))
    return sys.stdout.buffer.write
