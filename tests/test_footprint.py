"""What a worker costs the machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import PROJECT, SECRET, Service, free_port, mint, on_linux, procfile

pytestmark = pytest.mark.processes

EVENT = {"type": "play", "timestamp": "2026-03-01T10:00:00Z", "data": {"position": 1.5}}


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[0]) / 1024


@on_linux
def test_a_worker_uses_at_most_sixty_megabytes(embedded, tmp_path):
    uri, port = embedded.uri.replace("/videosession?", "/footprint?"), free_port()
    settings = {"MONGODB_URI": uri, "JWT_SECRET": SECRET, "PORT": port, "WEB_CONCURRENCY": 1, "RATE_LIMIT": "off"}
    with Service(procfile("web"), port, tmp_path / "log", FLASK_SKIP_DOTENV=1, **settings) as service:
        session_id = service.request("POST", "/api/sessions", {"title": "x"}, mint()).json["id"]
        path = f"/api/sessions/{session_id}"
        for _ in range(100):
            assert service.request("POST", f"{path}/events", EVENT, mint()).status_code == 201
            assert service.request("GET", path, token=mint()).status_code == 200
        [worker] = service.worker_pids()
        assert resident_megabytes(worker) < 60


def test_objects_from_the_start_are_excluded_from_garbage_collection(tmp_path):
    settings = {"JWT_SECRET": SECRET, "MONGODB_URI": "mongodb://127.0.0.1:1/none", "FLASK_SKIP_DOTENV": "1"}
    told = [sys.executable, "-c", "import gc, wsgi; print(gc.get_freeze_count() > len(gc.get_objects()))"]
    process = subprocess.run(told, cwd=PROJECT, env=os.environ | settings, capture_output=True, text=True, check=True)
    assert process.stdout == "True\n"
