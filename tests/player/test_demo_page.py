"""The demo page in a real browser: by keyboard, unattended, and without leaking the token."""

import re
from collections.abc import Iterator

import pytest

from tests.player import browser
from tests.player.stage import Stage
from tests.service import PROJECT, Service, mint, wait_until

pytestmark = pytest.mark.processes

POSITION = "return document.querySelector('video').currentTime"
SOURCE = "return document.querySelector('video').currentSrc.split('/').at(-1).split('.')[0]"
IS_PAUSED = "return document.querySelector('video').paused"
PICTURE = "return document.querySelector('#picture').alt"
FOCUSED = "return document.activeElement.textContent"
MESSAGE = "return document.querySelector('#message').textContent"


@pytest.fixture(scope="module")
def driver(service, tmp_path_factory) -> Iterator:
    if not browser.IS_THERE:
        pytest.skip(browser.MISSING)
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def run(driver):
    return driver.execute_script


@pytest.fixture(scope="module")
def demo(driver, run, service: Service) -> str:
    """Open the page with a token; yield its URL."""
    address = f"http://127.0.0.1:{service.port}/demo"
    driver.get(f"{address}#token={mint(sub='demo')}")
    wait_until(lambda: run("return document.querySelector('video').readyState") == 4)
    return address


@pytest.fixture(scope="module")
def press(driver):
    from selenium.webdriver import ActionChains

    return lambda keys: ActionChains(driver).send_keys(keys).perform()


def test_without_a_token_the_demo_page_says_what_to_do(driver, run, service):
    driver.get(f"http://127.0.0.1:{service.port}/demo")
    assert "run flask demo" in wait_until(lambda: run(MESSAGE))


def test_the_token_does_not_stay_in_the_address(driver, demo):
    assert driver.current_url == demo


def test_the_film_can_be_played_by_keyboard_and_its_picture_grows(run, demo, press):
    press(" ")
    wait_until(lambda: run(POSITION) > 1)
    first = wait_until(lambda: run(PICTURE))
    press("\ue014")  # the right arrow
    wait_until(lambda: run(POSITION) > 6)
    press("1")
    wait_until(lambda: run(SOURCE) == "boat" and run(POSITION) > 1)
    press("b")
    wait_until(lambda: run(SOURCE) == "harbour" and run(POSITION) > 6)
    press(" ")
    assert run(IS_PAUSED)
    assert first != wait_until(lambda: "2 branches" in run(PICTURE) and "1 jump" in run(PICTURE) and run(PICTURE))


def test_a_reload_continues_the_same_session_at_the_same_position(driver, run, demo):
    position = run(POSITION)
    driver.refresh()
    wait_until(lambda: run("return document.querySelector('video').readyState") == 4)
    wait_until(lambda: abs(run(POSITION) - position) < 0.3)
    assert "2 branches" in wait_until(lambda: run(PICTURE))


def test_a_new_session_starts_at_the_beginning(run, demo):
    run("document.querySelector('#anew').click()")
    wait_until(lambda: run("return document.querySelector('video').readyState") == 4 and run(POSITION) == 0)
    assert run("return document.querySelector('#picture').hidden")


def test_the_focus_stays_among_the_choices_when_choosing_by_keyboard(run, demo, press):
    run("document.querySelector('#choices button').focus()")
    press("\ue007")  # enter
    wait_until(lambda: run(SOURCE) == "boat")
    assert run(FOCUSED) == "1Land at the lighthouse"
    press("\ue004\ue004\ue007")  # tab, tab: past the other choice
    wait_until(lambda: run(SOURCE) == "harbour")
    assert run(FOCUSED) == "1Take the boat"  # there is no further way back


def test_an_early_choice_counts_before_its_part_has_loaded(run, demo, press):
    press("111")
    wait_until(lambda: run(SOURCE) == "boat" and run(POSITION) > 0.5)
    assert run("return JSON.parse(sessionStorage.demo).trail.length") == 3


def test_the_demo_page_never_violates_its_csp(driver, demo):
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_demo_page_is_not_wider_than_its_window(driver, run, demo, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert run("return document.documentElement.scrollWidth") <= width


def test_the_page_in_the_readme_reports_what_the_viewer_does(driver, run, service):
    token = mint()
    session = service.request("POST", "/api/sessions", {"title": "As in the README"}, token).json["id"]
    player_token = service.request("POST", f"/api/sessions/{session}/token", {}, token).json["token"]
    page = re.search(r"```html\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)[1]
    page = page.replace("https://sessions.example", "").replace("…", session)
    page = page.replace("intro.mp4", "/demo/harbour.mp4").replace("cellar.mp4", "/demo/boat.mp4")
    stage = Stage(service.port, {"/page": (page, "text/html"), "/player-token": (player_token, "text/plain")})
    driver.get(f"{stage.address}/page")
    run("document.querySelector('video').play()")
    wait_until(lambda: run(POSITION) > 1)
    run("document.querySelector('button').click()")
    wait_until(lambda: run(SOURCE) == "boat" and run(POSITION) > 1)
    driver.get("about:blank")
    timeline = f"/api/sessions/{session}/timeline"
    told = wait_until(
        lambda: (told := service.request("GET", timeline, token=token).json)["watchedSeconds"] > 2 and told
    )
    stage.close()
    assert told["path"] == ["intro", "cellar"]
    assert told["graph"]["edges"] == [
        {"from": "intro", "to": "cellar", "option": "Go down", "cause": "choice", "count": 1}
    ]
    assert told["anomalies"] == []
