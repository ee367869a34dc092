"""An answer that is written as far as its client takes it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from videosession.gunicorn_worker.arrival import MEBIBYTE

MOST_AHEAD = 256 * 1024  # bytes of an answer that its client has not taken yet; then nothing is added to it
MOST_AT_ONCE = MEBIBYTE  # bytes of an answer that a thread writes before it turns to others


class Answer(NamedTuple):
    """gunicorn's response, the application's iterable, the iterator over its remaining pieces, and the access log."""

    response: Any
    body: Any
    pieces: Iterator[bytes]
    record: Callable[[], None]

    def write(self, unsent_bytes: Callable[[], int]) -> bool:
        """Write pieces; return whether these were the last, and not only as many as may be written for now."""
        written = 0
        for piece in self.pieces:
            self.response.write(piece)
            written += len(piece)
            if unsent_bytes() > MOST_AHEAD or written > MOST_AT_ONCE:
                return False
        self.response.close()
        return True

    def end(self) -> None:
        """Write the access log, and let the application release what the answer holds, however it ended."""
        self.record()
        if hasattr(self.body, "close"):
            self.body.close()
