"""The page to read the API's description on and to try it: whole, from here alone."""

import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=20000 --dump-dom
"""


@pytest.fixture
def app(shared_app):
    return shared_app


def test_the_page_and_all_that_it_names_are_served_from_here_under_a_strict_policy(nobody):
    page = nobody.get("/docs")
    names = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert len(names) >= 4
    for answer in (page, *(nobody.get(f"/{name}") for name in names)):
        assert answer.status_code == 200
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "http" not in policy
    assert not re.search(r"<script>|<style|style=|onclick", page.text)


@pytest.mark.parametrize("name", ["__init__.py", "..%2fdocs.html", "docs.html", "LICENSE"])
def test_nothing_else_is_served_there(nobody, name):
    assert nobody.get(f"/docs/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui-bundle.js", "/openapi.json"])
def test_what_the_page_needs_travels_compressed_and_once(nobody, path):
    plain = nobody.get(path)
    packed = nobody.get(path, headers={"Accept-Encoding": "gzip"})
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert len(packed.data) < len(plain.data)
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert nobody.get(path, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304


def test_a_browser_shows_every_operation_and_has_nothing_to_complain_of(service, tmp_path):
    if not CHROMIUM:
        pytest.skip("THERE IS NO CHROMIUM HERE, so nobody looked at the page /docs")
    command = [CHROMIUM, *FLAGS.split(), f"--user-data-dir={tmp_path}", f"http://127.0.0.1:{service.port}/docs"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120)
    for name in ("Open a session", "Append what the player did", "Tell what was watched"):
        assert name in shown.stdout
    assert "CONSOLE" not in shown.stderr
