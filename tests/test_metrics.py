"""Metrics for Prometheus: of all workers together, and only with the metrics token."""

import os
import signal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.client import Client
from tests.service import SECRET, Service, free_port, procfile, wait_until
from videosession.app import create_app

pytestmark = pytest.mark.processes

TOKEN = "a token for the figures, longer than thirty-two bytes"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


def figures(text: str) -> dict[tuple, float]:
    """Read the format: a sample by its name and its labels' values, in their names' order."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def measured(memory_db):
    return Client(create_app({"JWT_SECRET": SECRET, "METRICS_TOKEN": TOKEN}, db=memory_db))


def test_requests_and_their_time_are_counted_by_method_route_and_status(measured):
    for _ in range(3):
        measured.get(f"/api/sessions/{'0' * 32}").close()
    measured.request("BREW", "/no/such/place").close()
    counted = figures(measured.get("/metrics", headers=AUTHORIZED).text)
    assert counted["videosession_requests_total", "GET", "/api/sessions/<session_id>", "404"] == 3
    assert counted["videosession_requests_total", "other", "none", "404"] == 1
    assert counted["videosession_request_seconds_count", "GET", "/api/sessions/<session_id>"] == 3
    assert counted["videosession_request_seconds_bucket", "5.0", "GET", "/api/sessions/<session_id>"] == 3
    assert counted["videosession_request_seconds_sum", "GET", "/api/sessions/<session_id>"] > 0


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "ü"])
def test_metrics_require_the_metrics_token(measured, sent):
    answer = measured.get("/metrics", headers={"Authorization": sent})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_an_owners_token_does_not_give_access_to_the_metrics(measured):
    assert measured.get("/metrics").status_code == 401


def test_without_the_setting_there_are_no_metrics(client):
    assert client.get("/metrics", headers=AUTHORIZED).status_code == 404


def test_metrics_include_all_workers_even_those_that_have_ended(embedded, tmp_path):
    settings = {"MONGODB_URI": embedded.uri, "JWT_SECRET": SECRET, "METRICS_TOKEN": TOKEN, "WEB_CONCURRENCY": 2}
    port = free_port()
    service = Service(
        procfile("web"), port, tmp_path / "log", FLASK_SKIP_DOTENV=1, TMPDIR=tmp_path, PORT=port, **settings
    )
    service.wait()

    def counted() -> float:
        sums = figures(service.request("GET", "/metrics", token=TOKEN).text)
        return sums["videosession_requests_total", "GET", "/api/sessions/<session_id>", "401"]

    try:
        for _ in range(40):
            service.request("GET", "/api/sessions/x")
        wait_until(lambda: counted() == 40)
        [directory] = tmp_path.glob("videosession-metrics-*")
        counting = int(next(directory.glob("counter_*")).stem.removeprefix("counter_"))
        os.kill(counting, signal.SIGKILL)
        wait_until(lambda: len(service.worker_pids()) == 2 and counting not in service.worker_pids())
        for _ in range(10):
            service.request("GET", "/api/sessions/x")
        wait_until(lambda: counted() == 50)
    finally:
        assert service.stop() == 0
    assert not directory.exists()
