"""What browsers get without a token: player.js, for pages of any origin, and the demo's clips, in ranges."""

import gzip
import re

import pytest

from tests.documents import DOCUMENTS
from videosession.browser import STATIC, without_comments

SERVED = without_comments((STATIC / "player.js").read_text())


@pytest.fixture(scope="module")
def get(shared_app):
    return shared_app.test_client().get


def test_pages_of_any_origin_may_import_player_js_and_cache_it(get):
    answer = get("/player.js", headers={"Origin": "https://film.example"})
    assert answer.status_code == 200
    assert answer.data.decode() == SERVED
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.cache_control.public
    assert answer.cache_control.max_age == 3600


ENCODINGS = {
    "not asked for": ({}, None),
    "asked for": ({"Accept-Encoding": "br, gzip"}, "gzip"),
    "refused": ({"Accept-Encoding": "gzip;q=0"}, None),
}


@pytest.mark.parametrize(("sent", "encoding"), ENCODINGS.values(), ids=ENCODINGS)
def test_player_js_is_compressed_if_the_client_accepts_that(get, sent, encoding):
    answer = get("/player.js", headers=sent)
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    content = gzip.decompress(answer.data) if encoding else answer.data
    assert content.decode() == SERVED


def test_player_js_is_sent_again_only_if_it_has_changed(get):
    sent = {"Accept-Encoding": "gzip"}
    etag = get("/player.js", headers=sent).headers["ETag"]
    answer = get("/player.js", headers=sent | {"If-None-Match": etag})
    assert (answer.status_code, answer.data) == (304, b"")


def test_player_js_is_small():
    assert len(gzip.compress(SERVED.encode(), 9)) <= 7000


def test_player_js_is_sent_without_comments_and_with_unchanged_line_numbers():
    source = (STATIC / "player.js").read_text().splitlines()
    served = SERVED.splitlines()
    assert len(served) == len(source)
    assert not [line for line in served if line.startswith((" ", "//", "/*")) or " // " in line]
    assert all(kept in line for kept, line in zip(served, source, strict=True))


def test_the_demo_clips_support_range_requests(get):
    clip = (STATIC / "demo" / "boat.webm").read_bytes()
    answer = get("/demo/boat.webm", headers={"Range": "bytes=1000-1999"}, buffered=True)
    assert (answer.status_code, answer.data) == (206, clip[1000:2000])
    assert answer.headers["Content-Range"] == f"bytes 1000-1999/{len(clip)}"
    assert answer.content_type == "video/webm"


@pytest.mark.parametrize("path", ["/demo", "/demo/demo.js", "/demo/demo.css", "/demo/boat.webm"])
def test_the_demo_page_loads_nothing_from_elsewhere_and_has_no_inline_scripts(get, path):
    headers = get(path, buffered=True).headers
    sources = dict(rule.split(maxsplit=1) for rule in headers["Content-Security-Policy"].split("; "))
    assert sources["default-src"] == "'none'"
    assert set(" ".join(sources.values()).split()) == {"'none'", "'self'", "blob:"}
    assert sources["script-src"] == sources["connect-src"] == "'self'"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["nothing.js", "..%2fplayer.js", "%2e%2e/player.js", ".."])
def test_no_other_files_are_served_under_demo(get, name):
    assert get(f"/demo/{name}").status_code == 404


def test_the_demo_film_is_small():
    clips = [clip for clip in (STATIC / "demo").iterdir() if clip.suffix in (".webm", ".mp4")]
    assert len(clips) == 8
    assert sum(clip.stat().st_size for clip in clips) < 1_000_000


def test_the_types_of_player_js_are_served(get):
    answer = get("/player.d.ts")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert "export function attach(" in answer.text


TYPES = (STATIC / "player.d.ts").read_text()


def members(interface: str) -> set[str]:
    """Return the names in an interface of player.d.ts."""
    return set(
        re.findall(
            r"^  (\w+)\??[:(]", TYPES.partition(f"export interface {interface} {{")[2].partition("\n}")[0], re.MULTILINE
        )
    )


def test_player_d_ts_has_every_option_that_player_js_reads():
    taken = re.findall(r"\{ ([^{}]+) \}(?: = options|, session, isAnothers\))", SERVED)
    names = {name.partition(" = ")[0] for names in taken for name in names.split(", ")}
    assert names | set(re.findall(r"\boptions\.(\w+)", SERVED)) == members("Options") | {"say"}


def test_player_d_ts_has_every_method_of_player_js():
    offered = SERVED.partition("const player = {")[2].partition("\n};")[0]
    assert set(re.findall(r"^(\w+)(?:: (?:safely|box)|\(\) \{)", offered, re.MULTILINE)) == members("Player")


@pytest.mark.parametrize("interface", ["Options", "Player"])
def test_every_option_and_method_of_player_js_is_documented(interface):
    text = DOCUMENTS["clients.md"].partition("### With TypeScript")[0]
    assert members(interface) <= set(re.findall(r"`(\w+)[`(]", text))
