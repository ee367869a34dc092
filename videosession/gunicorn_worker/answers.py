"""Answers, which are written only as fast as their clients read them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from videosession.gunicorn_worker.arrival import MEBIBYTE

MOST_AHEAD = 256 * 1024  # bytes of an answer that are written before the client has read them
MOST_AT_ONCE = MEBIBYTE  # bytes of an answer that a thread writes before it serves others


class Answer(NamedTuple):
    """gunicorn's response, the application's iterable, the iterator over its remaining pieces, and the access log."""

    response: Any
    body: Any
    pieces: Iterator[bytes]
    record: Callable[[], None]

    def write(self, unsent_bytes: Callable[[], int]) -> bool:
        """Write pieces up to the limits; return whether the answer is complete."""
        written = 0
        for piece in self.pieces:
            self.response.write(piece)
            written += len(piece)
            if unsent_bytes() > MOST_AHEAD or written > MOST_AT_ONCE:
                return False
        self.response.close()
        return True

    def end(self) -> None:
        """Write the access log, and have the application release the answer's resources, however it ended."""
        self.record()
        if hasattr(self.body, "close"):
            self.body.close()
