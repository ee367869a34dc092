"""The service's worker, which tells what it holds when it is asked to (SIGUSR2)."""

import json
import os
import signal
from pathlib import Path

from tests.service import Service, wait_until
from videosession.gunicorn_worker.worker import Worker as OwnWorker

MARK = "the worker holds "


class Worker(OwnWorker):
    """Writes how many connections, bytes and tasks it counts to the log."""

    def init_signals(self) -> None:
        super().init_signals()
        signal.signal(signal.SIGUSR2, lambda *_: self.method_queue.defer(self._tell))

    def _tell(self) -> None:
        held = {
            "connections": self.nr_conns,
            "waiting": len(self._waiting),
            "received": self._received_bytes,
            "outgoing": sum(each.sock.outgoing_bytes for each in self._waiting),
            "tasks": len(self.tpool._waiting) + len(self.tpool._running) + self.tpool._held_back,
        }
        self.log.error("%s%s", MARK, json.dumps(held).replace('"', "'"))


def held_by(service: Service) -> dict[str, int]:
    """Ask the service's only worker what it holds."""
    [pid] = service.worker_pids()
    before = service.log.read_text().count(MARK)
    os.kill(pid, signal.SIGUSR2)
    wait_until(lambda: service.log.read_text().count(MARK) > before)
    told = service.log.read_text().rpartition(MARK)[2].partition("}")[0] + "}"
    return json.loads(told.replace("'", '"'))


def descriptors(service: Service) -> int:
    """Count the worker's open files."""
    [pid] = service.worker_pids()
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(service: Service) -> int:
    """Return the bytes that the worker has in memory."""
    [pid] = service.worker_pids()
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


class Forgetful(Worker):
    """The worker as it must not be: it forgets that what it drops was counted."""

    def _release(self, conn) -> None:
        pass
