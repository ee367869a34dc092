"""The player's side in a real browser: what viewers did, each in a script, is what the timeline tells.

Scripts play at the same time, each in a window and an origin of its own, against the service under gunicorn.
"""

import queue
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.player import browser
from tests.player.stage import Stage
from tests.player.truth import differences, lost_or_twice
from tests.service import Service, mint, wait_until

SECONDS = 60
TOKEN = mint()

SCRIPTS = [
    "plays_and_pauses",
    "seeks_forward_and_back",
    "scrubs",
    "is_impatient",
    "plays_at_double_speed",
    "chooses_and_goes_back",
    "branches_inside_one_file",
    "is_led_on_at_the_end",
    "replays",
    "loops",
    "attaches_late",
    "changes_the_quality",
    "says_why",
    "reloads",
    "closes_the_tab",
    "closes_the_tab_while_the_server_is_away",
    "hides_the_page",
    "comes_back_to_a_page_that_was_kept",
    "has_a_second_tab",
    "plays_in_two_tabs_at_once",
    "has_no_storage",
    "says_very_much",
    "leaves_something_of_an_earlier_session",
    "waits_for_the_network",
    "meets_no_server",
    "meets_a_busy_server",
    "gets_no_answers",
    "needs_a_new_token",
    "reports_what_is_refused",
    "loses_the_session",
    "is_at_a_page_full_of_faults",
]


class Played:
    """A script that is being played, and what there is to see of it."""

    def __init__(self, service: Service, script: str, **given: str):
        self._service = service
        self.session = self._open_session(script)
        self.earlier = self._open_session("An earlier one")
        self.stage = Stage(service.port)
        given |= {"script": script, "session": self.session, "token": self._token(self.session)}
        given |= {"earlier": self.earlier, "earlierToken": self._token(self.earlier)}
        self.address = f"{self.stage.address}/?{urlencode(given)}"
        self._outcome: dict | None = None

    @property
    def outcome(self) -> dict:
        """What the script came to; waits for it."""
        if self._outcome is None:
            try:
                self._outcome = self.stage.outcomes.get(timeout=SECONDS)
            except queue.Empty:
                self._outcome = {"fault": f"nothing came of it in {SECONDS} s"}
        return self._outcome

    def timeline(self) -> dict:
        return self._read(f"/{self.session}/timeline")

    def wait_for_the_last_event(self) -> None:
        """Wait for what a closed page has under way: nobody there hears when it has arrived."""
        wait_until(lambda: "sessionEnd" in [event["type"] for event in self.events()])

    def events(self, session: str | None = None) -> list[dict]:
        return self._read(f"/{session or self.session}")["events"]

    def _read(self, path: str) -> dict:
        answer = self._service.request("GET", f"/api/sessions{path}", token=TOKEN)
        assert answer.status_code == 200, answer.text
        return answer.json

    def _open_session(self, title: str) -> str:
        return self._service.request("POST", "/api/sessions", {"title": title}, TOKEN).json["id"]

    def _token(self, session: str) -> str:
        return self._service.request("POST", f"/api/sessions/{session}/token", {}, TOKEN).json["token"]


class Scripts(dict[str, Played]):
    """All scripts, being played at once."""

    def __init__(self, service: Service, driver):
        super().__init__({name: Played(service, name) for name in SCRIPTS})
        self._service, self._driver = service, driver
        browser.open_windows(driver, [script.address for script in self.values()])

    def again(self, name: str) -> Played:
        """Play one alone: a machine that is busy with all of them may keep some from playing in time."""
        self[name].stage.close()
        self[name] = Played(self._service, name)
        browser.open_windows(self._driver, [self[name].address])
        return self[name]


@pytest.fixture(scope="module")
def played(service, tmp_path_factory) -> Iterator[Scripts]:
    if not browser.IS_THERE:
        pytest.skip(browser.MISSING)
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield (scripts := Scripts(service, driver))
    for script in scripts.values():
        script.stage.close()


def told_otherwise(script: Played) -> list[str]:
    """Name what the timeline of a script does not tell as it was."""
    if "fault" in script.outcome:
        return [script.outcome["fault"]]
    script.wait_for_the_last_event()
    timeline = script.timeline()
    noted = [f"anomaly {each['code']}" for each in timeline["anomalies"]]
    return differences(script.outcome["story"], timeline) + noted


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "loses_the_session"])
def test_the_timeline_tells_what_the_viewer_did(played, name):
    assert not told_otherwise(played[name]) or told_otherwise(played.again(name)) == []


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "loses_the_session"])
def test_no_event_is_lost_or_there_twice(played, name):
    script = played[name]
    assert "fault" not in script.outcome, script.outcome
    script.wait_for_the_last_event()
    refused = len(script.outcome["refused"]) + (name == "is_at_a_page_full_of_faults")
    assert lost_or_twice(script.events(), refused) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_is_thrown_into_the_page(played, name):
    assert played[name].outcome.get("thrown") == []


def test_a_scrub_is_one_seek(played):
    script = played["scrubs"]
    assert script.outcome["story"]
    assert [event["type"] for event in script.events()].count("seekEnd") == 2


def test_waiting_for_the_network_is_told_apart_from_playing(played):
    script = played["waits_for_the_network"]
    assert script.outcome["story"]
    assert script.timeline()["wall"]["buffering"] > 0


def test_a_refused_event_is_told_of_and_does_not_stop_the_others(played):
    script = played["reports_what_is_refused"]
    assert script.outcome["refused"] == [["x" * 101, 422], ["x" * 102, 422]]
    assert [chapter["completed"] for chapter in script.timeline()["chapters"]] == [True]


def test_a_page_hears_that_its_session_is_gone(played):
    assert played["loses_the_session"].outcome["stopped"] == [404]
    assert played["loses_the_session"].stage.statuses[-1] == 404


def test_what_an_earlier_session_left_is_sent_with_its_own_token(played):
    script = played["leaves_something_of_an_earlier_session"]
    assert script.outcome["story"]
    assert [event["eventId"] for event in script.events(script.earlier)] == ["left:0"]


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(played):
    script = played["meets_a_busy_server"]
    assert script.outcome["story"]
    assert 1 <= script.stage.statuses.count(503) <= 5  # 4 seconds, and each answer said 1


def test_many_events_go_out_in_few_requests(played):
    script = played["says_very_much"]
    assert script.outcome["reported"] == len(script.events())
    assert script.stage.statuses.count(201) < 20
