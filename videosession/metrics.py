"""Metrics for Prometheus at /metrics, for all workers together; METRICS_TOKEN turns them on and protects them.

Each worker counts in its own files (prometheus_client's multiprocess mode), in a directory that gunicorn's master
creates; a request for the metrics adds them up, including those of workers that have ended.
"""

import hmac
import os

from flask import Flask, Response, request

from videosession.config import Config, ConfigError
from videosession.contract.decorators import answers
from videosession.errors import Unauthenticated
from videosession.observability import Exchange, Observed

METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """Counts requests and measures their time; `directory` is shared with other workers, None if there are none."""

    def __init__(self, directory: str | None):
        import prometheus_client as prometheus  # reads its environment variable when it is first imported
        from prometheus_client.multiprocess import MultiProcessCollector

        own = prometheus.CollectorRegistry()
        self._requests = prometheus.Counter(
            "videosession_requests", "Requests answered.", ("method", "route", "status"), registry=own
        )
        self._seconds = prometheus.Histogram(
            "videosession_request_seconds",
            "How long they took, until their last byte was handed on.",
            ("method", "route"),
            buckets=SECONDS,
            registry=own,
        )
        self._known: dict[tuple, tuple] = {}
        self._registry = own
        if directory:
            self._registry = prometheus.CollectorRegistry()
            MultiProcessCollector(self._registry, directory)
        self.content_type = prometheus.CONTENT_TYPE_LATEST
        self._write = prometheus.generate_latest

    def __call__(self, exchange: Exchange) -> None:
        """Count an answered request."""
        method = exchange.environ["REQUEST_METHOD"]
        labels = (method if method in METHODS else "other", exchange.route or "none", exchange.status)
        if not (counters := self._known.get(labels)):
            counters = self._requests.labels(*labels), self._seconds.labels(*labels[:2])
            self._known[labels] = counters
        counters[0].inc()
        counters[1].observe(exchange.seconds)

    def text(self) -> bytes:
        """Return the metrics of all workers in Prometheus's format."""
        return self._write(self._registry)


def init_app(app: Flask, config: Config, observed: Observed) -> None:
    """Count the requests to `app`, and serve /metrics, if `config` has a METRICS_TOKEN."""
    if config.metrics_token is None:
        return
    try:
        metrics = Metrics(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    except ImportError:
        raise ConfigError(
            [
                "METRICS_TOKEN is set, and the package that it needs is not installed:"
                " install it with `pip install -r requirements-optional.txt`."
            ]
        ) from None
    expected = f"Bearer {config.metrics_token}".encode()

    @app.get("/metrics")
    @answers(media_type="text/plain", problems={401: "There is no METRICS_TOKEN, or another."})
    def give_metrics() -> Response:
        """Return the metrics for Prometheus."""
        sent = request.headers.get("Authorization", "").encode(errors="replace")
        if not hmac.compare_digest(sent, expected):
            raise Unauthenticated("Send METRICS_TOKEN as a Bearer token.")
        return Response(metrics.text(), content_type=metrics.content_type)

    observed.observers.append(metrics)
