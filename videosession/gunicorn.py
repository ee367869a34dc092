"""gunicorn's settings, read by `gunicorn -c python:videosession.gunicorn wsgi:app`."""

import os
import shutil
import sys
import tempfile

from gunicorn import glogging

from videosession import observability
from videosession.config import Config, ConfigError, environment
from videosession.embedded import Embedded, EmbeddedError
from videosession.gunicorn_worker.arrival import LONGEST_LINE

try:
    _settings = Config.read(environment())
except ConfigError as error:
    sys.exit(str(error))


class Logger(glogging.Logger):
    """Writes gunicorn's messages in the service's format; requests are logged by the service only."""

    def setup(self, cfg) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(observability.formatter())


logger_class = Logger
loglevel = _settings.log_level.lower()
bind = f"0.0.0.0:{_settings.port}"  # noqa: S104, it is a server
workers = _settings.web_concurrency
worker_class = "videosession.gunicorn_worker.worker.Worker"
threads = 9  # a single client gets at most eight: see turns.py
# Open connections: see the worker. Even two file descriptors for each stay below the usual limit of 1024.
worker_connections = 500
# A request has 20 seconds to finish when the server stops; Heroku gives 30.
graceful_timeout = 20
timeout = 60
# Longer than Heroku's router keeps idle connections (90 seconds): it loses a request that it sends on a closed one.
keepalive = 95
limit_request_line = LONGEST_LINE
# The control socket is in the home directory, and anyone who may write to it can stop the server.
control_socket_disable = True
max_requests = 0
forwarded_allow_ips = ""


def on_starting(server) -> None:
    """Start what outlives every worker, in the master: the embedded database, and the directory for metrics."""
    if _settings.metrics_token:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="videosession-metrics-")
    if _settings.is_embedded:
        try:
            _settings.make_instance()
            Embedded(_settings.instance_path).ensure()
        except (ConfigError, EmbeddedError) as error:
            sys.exit(str(error))


def on_exit(server) -> None:
    """Remove the directory for metrics."""
    if _settings.metrics_token:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
