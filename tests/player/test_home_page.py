"""The page at / in a real browser: a token once, and then sessions and their pictures, by mouse and by keyboard."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.player import browser
from tests.service import Service, mint, wait_until

pytestmark = pytest.mark.processes

TEXT = "return document.querySelector('main').innerText"
CARDS = "return [...document.querySelectorAll('.cards li')].filter(each => !each.hidden).map(each => each.innerText)"
ALERT = "return document.querySelector('[role=alert]')?.innerText ?? ''"
FOCUSED = "return document.activeElement.innerText"
PICTURES = "return [...document.querySelectorAll('.card img')].map(each => each.alt)"
# The page looks every few seconds.
HURRY = "const wait = setTimeout; window.setTimeout = (deed, milliseconds) => wait(deed, milliseconds / 20)"
EVENTS = [
    {"type": "play", "timestamp": "2026-03-01T10:00:00Z", "data": {"position": 0, "duration": 600}},
    {"type": "seek", "timestamp": "2026-03-01T10:00:30Z", "data": {"from": 30, "to": 240}},
    {"type": "choice", "timestamp": "2026-03-01T10:01:30Z", "data": {"toNode": "cellar", "option": "Go down"}},
]


@pytest.fixture(scope="module")
def driver(service, tmp_path_factory) -> Iterator:
    if not browser.IS_THERE:
        pytest.skip(browser.MISSING)
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HURRY})
        yield driver


@pytest.fixture(scope="module")
def run(driver):
    return driver.execute_script


@pytest.fixture
def owner(request) -> str:
    return request.node.name[:100]


@pytest.fixture
def page(driver, run, service: Service, owner) -> Iterator:
    """Open the page as a reader of the owner's sessions; what is given opens it, at a fragment."""
    address = f"http://127.0.0.1:{service.port}/"

    def visit(token: str | None = None) -> None:
        driver.get(f"{address}livez")  # so that the next is not only another fragment of the same page
        run("sessionStorage.clear()")
        driver.get(f"{address}#token={token or mint(sub=owner, scope='sessions:read')}")

    yield visit
    assert [line for line in driver.get_log("browser") if "Content Security Policy" in line["message"]] == []


@pytest.fixture
def ask(service: Service, owner):
    """Ask as the owner."""
    token = mint(sub=owner)

    def ask(method: str, path: str, body=None):
        answer = service.request(method, f"/api/sessions{path}", body, token)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    return ask


@pytest.fixture
def film(ask) -> str:
    """A session of the owner's that has something to show; there is a newer one without events."""
    session_id = ask("POST", "", {"title": "A <b>film</b>", "videoId": "film-1", "metadata": {"viewerId": "anna"}})[
        "id"
    ]
    ask("POST", f"/{session_id}/events", EVENTS)
    ask("POST", "", {"title": "A lecture", "videoId": "lecture-3"})
    return session_id


def test_without_a_token_the_page_explains_the_service_and_how_to_get_a_token(driver, run, page, service):
    page("x")
    run("sessionStorage.clear()")
    driver.get(f"http://127.0.0.1:{service.port}/#")
    driver.refresh()
    text = wait_until(lambda: run(TEXT))
    assert "what was watched, skipped and watched again" in text
    assert "flask token" in text


def test_an_invalid_token_is_rejected_with_a_message_and_forgotten(run, page):
    page("x")
    assert "not valid" in wait_until(lambda: "not valid" in run(TEXT) and run(TEXT))
    assert run("return sessionStorage.length") == 0


def test_a_token_can_be_pasted(driver, run, page, film, owner):
    page("x")
    wait_until(lambda: "not valid" in run(TEXT))
    box = driver.find_element("css selector", "form input")
    box.send_keys(mint(sub=owner, scope="sessions:read") + "\ue007")
    wait_until(lambda: len(run(CARDS)) == 2)


@pytest.mark.parametrize("pasted", ["Bearer {}", " {} ", "TOKEN={}"])
def test_a_token_can_be_pasted_with_surrounding_text(driver, run, page, film, owner, pasted):
    page(quote(pasted.format(mint(sub=owner, scope="sessions:read"))))
    wait_until(lambda: len(run(CARDS)) == 2)


@pytest.mark.parametrize("pasted", ["t\u20acken", "%zz", "two words"])
def test_text_that_cannot_be_a_token_is_rejected_like_an_invalid_one(run, page, pasted):
    page(pasted)
    assert wait_until(lambda: "token" in run(ALERT).lower() and run(ALERT))
    assert run("return sessionStorage.length") == 0


def test_without_sessions_the_page_names_the_owner_and_says_how_to_create_some(run, page, owner):
    page(mint(sub="eve", scope="sessions:read"))
    text = wait_until(lambda: "no sessions yet" in run(TEXT) and run(TEXT))
    assert text.startswith("Sessions of eve")
    assert "flask import --format openedx tracking.log --owner eve" in text


def test_the_token_is_kept_in_the_tab_and_nowhere_else(driver, run, page, film):
    page()
    wait_until(lambda: len(run(CARDS)) == 2)
    assert driver.current_url.endswith("/")
    assert run("return [sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]
    driver.refresh()
    wait_until(lambda: len(run(CARDS)) == 2)
    run("document.getElementById('forget').click()")
    wait_until(lambda: "flask token" in run(TEXT))
    assert run("return sessionStorage.length") == 0


def test_sessions_are_listed_newest_first_with_their_pictures(run, page, film):
    page()
    newest, older = wait_until(lambda: len(run(CARDS)) == 2 and run(CARDS))
    assert ("A lecture" in newest, "A <b>film</b>" in older) == (True, True)
    pictures = wait_until(lambda: any("1 jump" in each for each in run(PICTURES)) and run(PICTURES))
    assert any(each.startswith("A <b>film</b>. Timeline") for each in pictures)


@pytest.mark.parametrize(("wanted", "found"), [("LECT", "A lecture"), ("film-1", "· film-1"), ("Ann", "· anna")])
def test_the_search_finds_sessions_by_title_video_id_and_viewer(driver, run, page, film, wanted, found):
    page()
    wait_until(lambda: len(run(CARDS)) == 2)
    from selenium.webdriver import ActionChains

    ActionChains(driver).send_keys("/" + wanted).perform()
    [card] = wait_until(lambda: len(run(CARDS)) == 1 and run(CARDS))
    assert found in card


def test_a_session_can_be_opened_and_left_by_keyboard(driver, run, page, film):
    from selenium.webdriver import ActionChains

    page()
    wait_until(lambda: len(run(CARDS)) == 2)
    run("[...document.querySelectorAll('.card')].at(-1).focus()")
    ActionChains(driver).send_keys("\ue007").perform()
    text = wait_until(lambda: "Go down" in run(TEXT) and '"from":30' in run(TEXT) and run(TEXT))
    assert ("0:30" in text, "4:00" in text, "the viewer" in text) == (True, True, True)
    assert run("return document.querySelector('.large img').alt").startswith("A <b>film</b>. Timeline")
    ActionChains(driver).send_keys("\ue00c").perform()  # Escape
    wait_until(lambda: "A <b>film</b>" in run(FOCUSED))
    ActionChains(driver).send_keys("/lecture\ue007").perform()
    wait_until(lambda: "A lecture" in run(FOCUSED))


def test_a_missing_session_or_video_has_a_message_and_a_link_back(driver, run, page, film):
    page()
    wait_until(lambda: len(run(CARDS)) == 2)
    run("location.hash = 'session=" + "0" * 32 + "'")
    wait_until(lambda: "does not exist" in run(ALERT))
    run("document.getElementById('back').click()")
    wait_until(lambda: len(run(CARDS)) == 2 and run(ALERT) == "")


@pytest.fixture
def offline(driver) -> Iterator:
    driver.execute_cdp_cmd("Network.enable", {})

    def offline(is_offline: bool) -> None:
        network = {"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        driver.execute_cdp_cmd("Network.emulateNetworkConditions", network)

    yield offline
    offline(False)


def test_while_the_service_is_unavailable_the_page_says_so_and_recovers_by_itself(run, page, film, offline):
    page()
    wait_until(lambda: len(run(PICTURES)) == 2)
    offline(True)
    wait_until(lambda: "cannot be reached" in run(ALERT))
    run("location.hash = 'videos'")
    wait_until(lambda: "Loading" in run(TEXT) and "cannot be reached" in run(ALERT))
    offline(False)
    wait_until(lambda: any("film-1" in card for card in run(CARDS)) and run(ALERT) == "")


def test_a_session_that_is_being_watched_is_shown_as_live(run, page, ask, film):
    page()
    wait_until(lambda: len(run(CARDS)) == 2)
    assert not any("live" in card for card in run(CARDS))
    ask("POST", f"/{film}/events", {"type": "seek", "timestamp": "2026-03-01T10:02:00Z", "data": {"to": 5}})
    wait_until(lambda: any("live" in card and "film" in card for card in run(CARDS)))
    wait_until(lambda: any("2 jumps" in each for each in run(PICTURES)))
    ask("POST", "", {"title": "Just opened"})
    wait_until(lambda: "Just opened" in run(CARDS)[0])


def test_videos_are_listed_and_can_be_opened(run, page, film):
    page()
    wait_until(lambda: len(run(CARDS)) == 2)
    run("location.hash = 'videos'")
    wait_until(lambda: any("film-1" in card and "1 session" in card for card in run(CARDS)))
    run("[...document.querySelectorAll('.card')].find(card => card.textContent.includes('film-1')).click()")
    wait_until(lambda: "Which branches were taken" in run(TEXT) and "A <b>film</b>" in run(TEXT))
    run("document.querySelector('td a').click()")
    wait_until(lambda: "Go down" in run(TEXT))
    run("document.getElementById('back').click()")
    wait_until(lambda: "Its sessions" in run(TEXT))


def test_a_video_without_branches_has_no_branch_picture(run, page, ask):
    session_id = ask("POST", "", {"title": "A lecture", "videoId": "lecture-3"})["id"]
    ask("POST", f"/{session_id}/events", EVENTS[:2])
    page()
    wait_until(lambda: len(run(PICTURES)) == 1)
    run("location.hash = 'video=lecture-3'")
    text = wait_until(lambda: "A lecture" in run(TEXT) and run(TEXT))
    assert ("Where it was watched" in text, "branches" in text) == (True, False)


UNCOUNTED = """
const ask = fetch;
let isFirst = true;
window.fetch = async (...request) => {
  const answer = await ask(...request);
  if (!isFirst || !request[0].includes("summary")) return answer;
  isFirst = false;
  return new Response(JSON.stringify({...await answer.json(), pending: 3}));
};
location.hash = "video=film-1";
"""


def test_a_video_with_pending_sessions_says_so_and_is_drawn_again(run, page, film):
    page()
    wait_until(lambda: len(run(CARDS)) == 2)
    run(UNCOUNTED)
    wait_until(lambda: "3 sessions of them are not counted yet" in run(TEXT))
    wait_until(lambda: "A <b>film</b>" in run(TEXT) and "not counted yet" not in run(TEXT))


@pytest.mark.parametrize("width", [1280, 390])
def test_no_view_is_wider_than_its_window(driver, run, page, film, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page()
    wait_until(lambda: len(run(PICTURES)) == 2)
    assert run("return document.documentElement.scrollWidth") <= width
    run(f"location.hash = 'session={film}'")
    wait_until(lambda: "Go down" in run(TEXT))
    assert run("return document.documentElement.scrollWidth") <= width
    run("document.getElementById('forget').click()")
    wait_until(lambda: "flask token" in run(TEXT))
    assert run("return document.documentElement.scrollWidth") <= width
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
