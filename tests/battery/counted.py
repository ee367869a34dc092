"""The service's worker, which writes what it holds to its log when it is asked to (SIGUSR2)."""

import signal
from typing import Any

from videosession.gunicorn_worker import Worker as OwnWorker


class Worker(OwnWorker):
    """Tells how many connections and bytes it counts, and what it really has."""

    def init_signals(self) -> None:
        super().init_signals()
        signal.signal(signal.SIGUSR2, lambda *_: self.method_queue.defer(self._tell))

    def _tell(self) -> None:
        held: dict[str, Any] = {
            "connections": self.nr_conns,
            "waiting": len(self._waiting),
            "received": self._received_bytes,
            "outgoing": sum(each.sock.outgoing_bytes for each in self._waiting),
            "turns": len(self.tpool._waiting) + len(self.tpool._running) + self.tpool._held_back,
        }
        self.log.info("counts: %s", held)
