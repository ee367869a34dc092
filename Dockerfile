# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.lock requirements-optional.lock ./
RUN python -m venv /venv && \
    /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock -r requirements-optional.lock

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --no-create-home videosession
WORKDIR /app
COPY --from=build /venv /venv
COPY wsgi.py ./
COPY videosession videosession
USER 10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or 3000}/livez\", timeout=2)"]
# gunicorn finishes the requests in progress within 20 seconds of SIGTERM: allow 30 seconds, as compose.yaml does.
CMD ["gunicorn", "-c", "python:videosession.gunicorn", "wsgi:app"]
