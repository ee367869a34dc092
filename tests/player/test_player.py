"""player.js in a real browser: timelines show what viewers did, each viewer in a script.

Scripts play at the same time, each in a window and an origin of its own, with the service under gunicorn.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from tests.player import browser
from tests.player.played import Played
from tests.player.stage import ASKED_SECONDS
from tests.player.truth import TOLERANCE, lost_or_duplicated
from tests.service import Service

pytestmark = pytest.mark.processes

SCRIPTS = [  # the longest first
    "loses_the_network",
    "reports_an_event_on_which_the_server_fails",
    "reports_many_events",
    "watches_for_twelve_seconds",
    "waits_for_the_network",
    "plays_and_pauses",
    "seeks_forward_and_back",
    "scrubs",
    "keeps_skipping_ahead",
    "plays_at_double_speed",
    "chooses_and_goes_back",
    "branches_inside_one_file",
    "goes_on_without_a_break",
    "enters_the_next_part_at_the_end",
    "replays",
    "loops",
    "attaches_late",
    "changes_the_quality",
    "listens_to_audio",
    "plays_a_media_source",
    "reports_a_choice_late",
    "detaches",
    "gives_a_cause",
    "reloads",
    "starts_over_after_a_reload",
    "closes_the_tab",
    "closes_the_tab_while_the_server_is_away",
    "closes_the_tab_with_many_events_waiting",
    "hides_the_page",
    "comes_back_to_a_cached_page",
    "has_a_second_tab",
    "opens_a_second_tab_and_leaves_it_alone",
    "plays_in_two_tabs",
    "removes_the_element",
    "has_no_storage",
    "has_events_left_of_an_earlier_session",
    "meets_a_server_that_is_overloaded",
    "is_asked_to_wait",
    "gets_no_responses",
    "needs_a_new_token",
    "loses_the_network_and_the_token",
    "reports_what_is_refused",
    "attaches_to_an_iframe",
    "loses_the_session",
    "is_on_a_page_that_throws",
]


class Scripts(dict[str, Played]):
    """All scripts, being played at once."""

    def __init__(self, service: Service, driver):
        super().__init__({name: Played(service, name) for name in SCRIPTS})
        self._service, self._driver = service, driver
        browser.open_windows(driver, [script.address for script in self.values()])

    def again(self, name: str) -> Played:
        """Play one alone: a machine that is busy with all of them may delay some."""
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
    with ThreadPoolExecutor(len(scripts)) as executor:  # each takes up to half a second
        list(executor.map(lambda script: script.stage.close(), scripts.values()))


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "loses_the_session"])
def test_the_timeline_shows_what_the_viewer_did(played, name):
    assert not played[name].faults() or played.again(name).faults() == []


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "loses_the_session"])
def test_no_event_is_lost_or_stored_twice(played, name):
    script = played[name]
    assert "fault" not in script.outcome, script.outcome
    script.wait_for_the_last_event()
    refused = len(script.outcome["refused"]) + (name == "is_on_a_page_that_throws")
    assert lost_or_duplicated(script.events(), refused) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_player_js_throws_no_errors_into_the_page(played, name):
    assert played[name].outcome.get("thrown") == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_player_js_logs_nothing_by_default(played, name):
    asked_for = ["debug"] if name == "attaches_late" else []
    assert sorted(set(played[name].outcome.get("logged"))) == asked_for


def test_playing_is_reported_every_ten_seconds(played):
    script = played["watches_for_twelve_seconds"]
    assert script.outcome["story"]
    (ping,) = [event for event in script.events() if event["type"] == "ping"]
    assert 10 <= ping["data"]["position"] < 11


def test_a_scrub_is_reported_as_one_seek(played):
    script = played["scrubs"]
    assert script.outcome["story"]
    assert [event["type"] for event in script.events()].count("seekEnd") == 2


def waiting_error(script: Played) -> float:
    """Return by how many seconds the wait for the network differs from the timeline's."""
    if script.outcome["waited"] < 1.4:
        return math.inf  # a busy machine noticed it late
    return abs(script.timeline()["wall"]["buffering"] - script.outcome["waited"])


def test_waiting_for_the_network_does_not_count_as_playing(played):
    name = "waits_for_the_network"
    assert waiting_error(played[name]) <= TOLERANCE or waiting_error(played.again(name)) <= TOLERANCE


def test_a_refused_event_is_reported_and_does_not_block_the_others(played):
    script = played["reports_what_is_refused"]
    assert script.outcome["refused"] == [["x" * 101, 422], ["x" * 102, 422]]
    assert [chapter["completed"] for chapter in script.timeline()["chapters"]] == [True]


def test_an_event_that_always_fails_does_not_block_the_others(played):
    script = played["reports_an_event_on_which_the_server_fails"]
    assert script.outcome["refused"] == [["poison", 500]]
    assert [chapter["completed"] for chapter in script.timeline()["chapters"]] == [True]


def test_a_page_is_notified_that_its_session_is_gone(played):
    assert played["loses_the_session"].outcome["stopped"] == [404]
    assert played["loses_the_session"].stage.statuses[-1] == 404


def test_events_of_an_earlier_session_are_sent_with_its_own_token(played):
    script = played["has_events_left_of_an_earlier_session"]
    assert script.outcome["story"]
    assert [event["eventId"] for event in script.events(script.earlier)] == ["left:0"]


def test_a_replay_is_reported_from_its_first_frame(played):
    script = played["replays"]
    assert script.outcome["story"]
    events = script.events()
    place = [event["data"].get("cause") for event in events].index("replay")
    assert events[place + 1]["type"] == "play"
    assert events[place + 1]["data"]["position"] == events[place]["data"]["to"]


def test_a_change_of_speed_is_reported_at_once(played):
    script = played["plays_at_double_speed"]
    assert script.outcome["story"]
    assert [event["data"]["rate"] for event in script.events() if event["type"] == "rateChange"] == [2, 1]


def test_a_choice_has_the_details_that_the_page_gave(played):
    script = played["reports_a_choice_late"]
    assert script.outcome["story"]
    (choice,) = [event["data"] for event in script.events() if event["type"] == "choice"]
    assert choice.items() >= {"fromNode": "harbour", "toNode": "boat", "option": "Go", "duration": 24}.items()
    assert 2 <= choice["position"] < 2.3


def pauses_after(script: Played, *statuses: int) -> list[tuple[int, float]]:
    """Return the seconds that the page waited after each answer with one of these statuses."""
    assert script.outcome["story"]
    return [
        (before.status, after.instant - before.instant)
        for before, after in pairwise(script.stage.requests)
        if before.status in statuses
    ]


@pytest.mark.parametrize("name", ["meets_a_server_that_is_overloaded", "is_asked_to_wait"])
def test_the_server_gets_no_retry_before_its_retry_after(played, name):
    pauses = pauses_after(played[name], *ASKED_SECONDS)
    assert pauses
    assert all(seconds >= ASKED_SECONDS[status] for status, seconds in pauses)


def test_pauses_between_retries_grow(played):
    pauses = [seconds for _, seconds in pauses_after(played["meets_a_server_that_is_overloaded"], 503)]
    assert len(pauses) > 1
    assert all(seconds >= 2**place for place, seconds in enumerate(pauses))


def test_pauses_between_retries_are_randomised(played):
    pauses = pauses_after(played["is_asked_to_wait"], 429)  # its Math.random() is close to 1
    assert pauses
    assert all(seconds >= 1.49 * ASKED_SECONDS[429] for _, seconds in pauses)


def test_an_unreachable_server_gets_few_retries(played):
    script = played["loses_the_network"]
    assert script.outcome["story"]
    assert 1 <= script.stage.statuses.count(0) <= 10  # Chromium itself asks twice on a connection that was open


def test_many_events_are_sent_in_few_requests(played):
    script = played["reports_many_events"]
    assert script.outcome["reported"] == len(script.events())
    assert script.stage.statuses.count(201) < 20
