"""The page at /docs, on which to read and try the API: complete, without resources from elsewhere."""

import re

import pytest

from tests import described
from tests.player import browser
from tests.service import mint

pytestmark = pytest.mark.processes


@pytest.fixture
def app(shared_app):
    return shared_app


def test_the_page_and_its_resources_are_served_locally_under_a_strict_csp(nobody):
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
def test_no_other_files_are_served_under_docs(nobody, name):
    assert nobody.get(f"/docs/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui-bundle.js", "/openapi.json"])
def test_the_pages_resources_are_compressed_and_cached(nobody, path):
    plain = nobody.get(path)
    packed = nobody.get(path, headers={"Accept-Encoding": "gzip"})
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert len(packed.data) < len(plain.data)
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert nobody.get(path, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304


@pytest.fixture
def page(service, tmp_path):
    """The page, in a browser."""
    if not browser.IS_THERE:
        pytest.skip(browser.MISSING)
    with browser.chromium(tmp_path) as driver:
        driver.implicitly_wait(20)  # until what is looked for is there
        driver.get(f"http://127.0.0.1:{service.port}/docs")
        yield driver


def test_a_browser_shows_every_operation_and_can_try_it_with_a_token(page):
    page.find_element("css selector", ".btn.authorize").click()
    page.find_element("css selector", ".auth-container input").send_keys(mint(sub="a reader of the docs"))
    page.find_element("css selector", ".auth-btn-wrapper .authorize").click()
    page.find_element("css selector", ".btn-done").click()
    assert tried(page, "createSession").startswith("201")
    assert '"title": "A lecture"' in tried(page, "listSessions")
    for operation in described.document()["paths"].values():
        for text in (each["summary"] for each in operation.values()):
            assert text in page.page_source
    assert page.get_log("browser") == []


def tried(page, operation: str) -> str:
    """Send the request that the page proposes for an operation, and return the answer that it shows."""
    block = page.find_element("css selector", f"[id$=-{operation}]")
    block.find_element("css selector", ".opblock-summary-control").click()
    block.find_element("css selector", ".execute").click()
    return block.find_element("css selector", ".live-responses-table .response").text
