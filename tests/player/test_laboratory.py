"""A part of the laboratory: what viewers and pages do, compared with a recorder that knows nothing of player.js.

Each run fails where its fault is put back into player.js. `python -m tests.player.laboratory` is the whole.
"""

from collections.abc import Iterator

import pytest

from tests.player import browser
from tests.player.laboratory import media, players
from tests.player.laboratory.recording import Stretch, differences, stretches
from tests.player.laboratory.run import Run, is_meant_for
from tests.service import Service

pytestmark = pytest.mark.processes

AT_ONCE = 7
EVERYDAY = {  # each run, and what is wrong if it fails
    ("plain", "busy_page"): "skipped film counts as watched where events come late",
    ("plain", "choose_early"): "a choice counts from when it is made, and not from when the film changes",
    ("plain", "choose_long_before"): "a choice counts from ten seconds after it is made",
    ("plain", "choose_again"): "a choice that another replaced counts, too",
    ("plain", "choose_in_another_element"): "a choice counts after the part that it leads to, in another element",
    ("plain", "enter_late"): "a part that is told after it began invents a jump",
    ("plain", "gap_jump"): "a player's own seek counts as the viewer's",
    ("plain", "two_elements_at_once"): "what the first of two elements played is lost",
    ("plain", "attach_before_metadata"): "a film begins where its first late event is heard",
    ("plain", "silent_seeks"): "seeks are lost of which no event tells",
    ("plain", "seeks_without_seeked"): "all after a seek is lost where the page swallows its end",
    ("plain", "begin_at_a_place"): "a film begins at 0, although it begins elsewhere, on a busy page",
    ("plain", "replay_by_loading"): "a film that is loaded again at its end is an anomaly",
    ("plain", "low_ready_state"): "what plays with a low readyState is lost",
    ("plain", "low_ready_state_of_a_new_source"): "what plays with a low readyState after a change of quality is lost",
    ("plain", "leave_during_a_seek"): "leaving during a seek invents film",
    ("plain", "stall_at_rate_0"): "a stall at rate 0 counts as a pause",
    ("plain", "attach_twice"): "two followers report the same element",
    ("plain", "renew"): "an element that replaces another is not followed",
    ("plain", "renew_by_a_late_element"): "an element is not followed if its script came late",
    ("plain", "ads"): "an ad counts as film",
    ("plain", "live_since_1970"): "the axis of a live stream begins at 0",
    ("video.js", "renew"): "the element that reset() makes is not followed",
    ("video.js", "seeks"): "a container is not followed",
    ("contrib-ads", "ads"): "an ad in the film's element counts as film",
    ("hls.js", "seeks"): "seeks in a stream are lost",
    ("hls.js", "quality"): "another quality counts as another film",
    ("hls.js", "live_on_a_busy_page"): "a live stream begins at 0 on a busy page",
    ("hls.js", "choose_late"): "a choice that is told late invents a jump in a stream",
}


def watch(service: Service, driver, runs: list[tuple[str, str]]) -> dict[tuple[str, str], Run]:
    """Play some at once, and return when all have ended."""
    playing = {each: Run(service, *each) for each in runs}
    browser.open_windows(driver, [run.address for run in playing.values()])
    for run in playing.values():
        assert run.outcome
    return playing


class Runs(dict[tuple[str, str], Run]):
    """The runs, a few at a time: a busy machine delays some."""

    def __init__(self, service: Service, driver):
        super().__init__()
        self.service, self.driver = service, driver

    def wrong(self, player: str, scenario: str) -> list[str]:
        """Name what is wrong with a run; play a failed one again, alone."""
        if (player, scenario) not in self:
            some = [each for each in EVERYDAY if each not in self and are_there(each[0])]
            some.sort(key=(player, scenario).__ne__)
            self.update(watch(self.service, self.driver, some[:AT_ONCE]))
        found = self[player, scenario].faults()
        if found:
            self[player, scenario].stage.close()
            self.update(watch(self.service, self.driver, [(player, scenario)]))
            found = self[player, scenario].faults()
        return found


def are_there(player: str) -> bool:
    """Return whether a player is installed."""
    return player == "plain" or (players.are_there() and media.FFMPEG is not None)


@pytest.fixture(scope="module")
def runs(service, tmp_path_factory) -> Iterator[Runs]:
    if not browser.IS_THERE:
        pytest.skip(browser.MISSING)
    if are_there("video.js"):
        media.make()
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield (runs := Runs(service, driver))
    for run in runs.values():
        run.stage.close()


@pytest.mark.parametrize(("player", "scenario"), EVERYDAY, ids=[" ".join(each) for each in EVERYDAY])
def test_the_timeline_shows_what_was_played(runs, player, scenario):
    if not are_there(player):
        pytest.skip(players.MISSING)
    assert runs.wrong(player, scenario) == [], EVERYDAY[player, scenario]


def sample(at: float, position: float, **changes) -> dict:
    plain = {"element": "it", "node": None, "rate": 1} | dict.fromkeys(
        ("isAd", "isPaused", "isSet", "isSeeking"), False
    )
    return plain | {"at": at * 1000, "position": position} | changes


RECORDED = {
    "playing": ([sample(0, 0), sample(0.5, 0.5), sample(1, 1)], [Stretch(None, 0, 1)]),
    "a seek": (
        [sample(0, 0), sample(1, 1), sample(1, 8, isSet=True), sample(2, 9)],
        [Stretch(None, 0, 1), Stretch(None, 8, 9)],
    ),
    "a seek that nobody announces": (
        [sample(0, 0), sample(1, 1), sample(1.1, 8), sample(2.1, 9)],
        [Stretch(None, 0, 1), Stretch(None, 8, 9)],
    ),
    "a pause": (
        [sample(0, 0), sample(1, 1), sample(2, 1, isPaused=True), sample(9, 1, isPaused=True), sample(10, 2)],
        [Stretch(None, 0, 2)],
    ),
    "a busy page, where positions are read late": (
        [sample(0, 0), sample(1, 0), sample(1.05, 1.04)],
        [Stretch(None, 0, 1.04)],
    ),
    "a position that the browser takes back": (
        [sample(0, 0), sample(0.5, 0.5), sample(0.55, 0.1), sample(1.55, 1.1)],
        [Stretch(None, 0, 1.1)],
    ),
    "an ad": ([sample(0, 0, isAd=True), sample(1, 1, isAd=True)], []),
}


@pytest.mark.parametrize(("samples", "seen"), RECORDED.values(), ids=RECORDED)
def test_the_recorder_distinguishes_playback_from_jumps(samples, seen):
    assert stretches(samples) == seen


def test_differences_from_the_recording_are_reported():
    timeline = {
        "segments": [{"node": None, "from": 0, "to": 1.9}],
        "jumps": [{"node": None, "from": 1.9, "to": 5}],
        "anomalies": [{"code": "unreportedJump"}],
    }
    found = differences([sample(0, 0), sample(1, 1)], timeline)
    assert [text.split()[0] for text in found] == ["seen", "a", "anomaly"]


def test_every_everyday_scenario_exists_in_the_laboratory():
    assert all(is_meant_for(*each) for each in EVERYDAY)
