"""The examples in docs/clients.md use existing functions, and report branches with the players that are installed."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.documents import section
from tests.player import browser
from tests.player.laboratory import media, players
from tests.player.laboratory.stage import HERE, LaboratoryHandler, LaboratoryStage
from tests.service import PROJECT, mint, wait_until

SHOWN = dict(
    re.findall(
        r"\*\*([\w. ]+)\*\*[^`]*?(?:`[^`\n]+`[^`]*?)*```jsx?\n(.*?)```",
        section("clients.md", "A player in a page"),
        re.S,
    )
)
TYPES = (PROJECT / "videosession" / "static" / "player.d.ts").read_text()
FILMS = {"intro.mp4": "a/high.mp4", "intro.m3u8": "a/master.m3u8", "intro.mpd": "a/film.mpd"}
FILMS |= {name.replace("intro", "left"): path.replace("a/", "b/", 1) for name, path in FILMS.items()}
PLAY = """
const [isNext, done] = arguments;
const video = document.querySelector("video");
const isRight = video && video.readyState > 0 && (video.duration < 20) === isNext;
if (video && video.paused && isRight) { video.muted = true; video.play().catch(() => {}); }
return isRight && video.currentTime > 0.3;
"""


def test_each_player_has_an_example():
    assert list(SHOWN) == [
        *("video.js", "hls.js", "Shaka", "dash.js"),
        *("Plyr", "Vidstack", "Media Chrome", "ReactPlayer"),
    ]


@pytest.mark.parametrize("name", SHOWN)
def test_an_example_uses_only_existing_functions(name):
    methods = set(re.findall(r"^  (\w+)\(", TYPES.partition("interface Player")[2], re.M))
    options = set(re.findall(r"^  (\w+)\??[:(]", TYPES.partition("interface Options")[2].partition("}")[0], re.M))
    assert {"choose", *re.findall(r"report(?:\.current)?\.(?!current)(\w+)\(", SHOWN[name])} <= methods
    assert set(re.search(r"attach\(.*\{ (.*) \}\)", SHOWN[name])[1].replace(': "intro"', "").split(", ")) <= options


class Page(LaboratoryHandler):
    def answers(self):
        return super().answers() | {"/page/": lambda name: self._send(self.server.written / name)}


class PageStage(LaboratoryStage):
    handler = Page


@pytest.fixture(scope="module")
def driver(tmp_path_factory) -> Iterator:
    if not browser.IS_THERE:
        pytest.skip(browser.MISSING)
    if not players.are_there() or media.FFMPEG is None:
        pytest.skip(players.MISSING)
    media.make()
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.mark.processes
@pytest.mark.parametrize("name", SHOWN)
def test_an_example_reports_playback_and_the_branch(driver, service, tmp_path, name):
    session = service.request("POST", "/api/sessions", {"title": name}, mint()).json["id"]
    stage = PageStage(service.port)
    stage.written = tmp_path
    try:
        write_page(tmp_path, SHOWN[name], {"session": session, "token": mint()})
        driver.get(f"{stage.address}/page/page.html")
        wait_until(lambda: driver.execute_script(PLAY, False), 60)
        driver.execute_script("return globalThis.branch()")
        wait_until(lambda: driver.execute_script(PLAY, True), 60)
        driver.get(f"{stage.address}/page/nothing.html")  # leaving sends what is left
        told = wait_until(
            lambda: timeline(service, session)["path"] == ["intro", "left"] and timeline(service, session)
        )
    finally:
        stage.close()
    [edge] = told["graph"]["edges"]
    assert (edge["from"], edge["to"], edge["option"], edge["cause"]) == ("intro", "left", "Go left", "choice")
    assert {segment["node"] for segment in told["segments"]} == {"intro", "left"}
    assert told["jumps"] == []


def timeline(service, session: str) -> dict:
    return service.request("GET", f"/api/sessions/{session}/timeline", token=mint()).json


def write_page(directory, example: str, given: dict[str, str]) -> None:
    """Write a page with what is in the example's first line, and the example bundled with its player."""
    for name, path in FILMS.items():
        example = example.replace(f"/films/{name}", f"/media/{path}")
    content, _, program = example.partition("\n")
    program = program.replace("https://sessions.example/player.js", "/player.js")
    if "function Film" in program:
        program += "\nimport { createRoot } from 'react-dom/client';\nimport { createElement } from 'react';\n"
        program = f"import React from 'react';\n{program}"
        program += "createRoot(document.getElementById('room')).render(createElement(Film));\n"
        program += "const branch = () => document.querySelector('button').click();\n"
    source = HERE / f"example-{given['session']}.jsx"  # beside the players' packages
    source.write_text(f"const {{session, token}} = {json.dumps(given)};\n{program}\nglobalThis.branch = branch;\n")
    try:
        players.bundle(source, directory / "page.js", "--external:/player.js")
    finally:
        source.unlink()
    page = f"<!doctype html><meta charset=utf-8>{content.removeprefix('// ')}"
    (directory / "page.html").write_text(f'{page}<script type="module" src="page.js"></script>')
