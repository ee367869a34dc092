"""One scenario with one player in one browser, and what is wrong with its timeline."""

from pathlib import Path

from tests.player.laboratory.recording import TOLERANCE, differences, stretches
from tests.player.laboratory.stage import LaboratoryStage
from tests.player.played import Played
from tests.player.truth import lost_or_duplicated
from tests.service import Service

PAGE = "/laboratory/page.html"
NEEDS = {  # what only some players have
    "silent_seeks": {"plain"},
    "low_ready_state": {"plain"},
    "low_ready_state_of_a_new_source": {"plain"},
    "renew": {"plain", "video.js", "plyr"},
    "live": {"video.js", "hls.js", "shaka-player"},
    "live_on_a_busy_page": {"hls.js"},  # which seeks to the live edge where the recorder can see it
    "live_since_1970": {"plain", "shaka-player", "dashjs"},
    "falls_behind_live": {"video.js", "hls.js", "shaka-player"},
    "gap_jump": {"plain"},
    "stall_at_rate_0": {"plain"},
    "attach_twice": {"plain", "video.js", "plyr"},
    **dict.fromkeys(
        ("begin_at_a_place", "clock_is_set", "moved", "renew_after_a_move", "renew_by_a_late_element"), {"plain"}
    ),
    "seeks_without_seeked": {"plain"},
}
LACKS = {
    "plyr": {"quality"},
    "vidstack": {"quality"},
    "react-player": {"quality"},
    "dashjs": {"loop"},
}
SCENARIOS = (
    "through",
    "seeks",
    "silent_seeks",
    "low_ready_state",
    "low_ready_state_of_a_new_source",
    "scrub",
    "double_speed",
    "pause",
    "replay",
    "replay_by_loading",
    "loop",
    "quality",
    "stall",
    "seeks_in_a_stall",
    "seeks_without_seeked",
    "begin_at_a_place",
    "clock_is_set",
    "stall_at_rate_0",
    "playlist",
    "choose_playing",
    "choose_paused",
    "choose_early",
    "choose_long_before",
    "choose_again",
    "choose_in_another_element",
    "choose_late",
    "choose_late_paused",
    "enter_late",
    "unmount",
    "renew",
    "renew_after_a_move",
    "renew_by_a_late_element",
    "moved",
    "attach_before_metadata",
    "attach_twice",
    "leave_during_a_seek",
    "leave_before_a_seek_is_heard",
    "busy_page",
    "busy_again_and_again",
    "reload",
    "closed_tab",
    "hidden_tab",
    "two_elements",
    "two_elements_at_once",
    "two_tabs",
    "takeover",
    "ads",
    "live",
    "live_on_a_busy_page",
    "live_since_1970",
    "falls_behind_live",
    "gap_jump",
)
DAY_SECONDS = 24 * 3600
ENDS_WHILE_PLAYING = {"openEnded"}  # as intended
NOBODY_TELLS = {"unreportedJump"}  # why the film goes on elsewhere
ALLOWED = {
    "reload": ENDS_WHILE_PLAYING,
    "closed_tab": ENDS_WHILE_PLAYING,
    "moved": NOBODY_TELLS,
    "renew_after_a_move": NOBODY_TELLS,
    "renew_by_a_late_element": NOBODY_TELLS,
    "clock_is_set": {"stalled"},  # by the clock an hour passed
}


def is_meant_for(player: str, scenario: str) -> bool:
    """Return whether a player has what a scenario needs."""
    if player == "contrib-ads":
        return scenario == "ads"
    return player in NEEDS.get(scenario, {player}) and scenario not in LACKS.get(player, set())


class Run(Played):
    """A scenario that is being played, and what comes of it."""

    def __init__(self, service: Service, player: str, scenario: str, module: Path | None = None):
        self.scenario = scenario
        stage = LaboratoryStage(service.port, module)
        super().__init__(service, scenario, stage, PAGE, player=player, scenario=scenario)

    def faults(self) -> list[str]:
        """Name everything that is wrong with a run."""
        if "fault" in self.outcome:
            return [self.outcome["fault"]]
        self.wait_for_the_last_event()
        timeline = self.timeline()
        found = differences(self.outcome["samples"], timeline, ALLOWED.get(self.scenario, set()))
        found += lost_or_duplicated(self.events())
        found += [f"thrown: {text}" for text in self.outcome["thrown"]]
        found += [f"logged: {text}" for text in self.outcome["logged"]]
        found += self._wrong_expectations(timeline)
        found += [f"{event['type']} with {event['data']}" for event in self.events() if None in event["data"].values()]
        if not stretches(self.outcome["samples"]):
            found.append("nothing was played")
        return found

    def _wrong_expectations(self, timeline: dict) -> list[str]:
        found = []
        causes = [jump["cause"] for jump in timeline["jumps"]]
        if causes != (expected := self.outcome.get("causes", causes)):
            found.append(f"causes {causes} instead of {expected}")
        stalled = timeline["wall"].get("buffering", 0)
        if abs(self.outcome.get("buffering", stalled) - stalled) > TOLERANCE:
            found.append(f"{self.outcome['buffering']} s of stalls are reported as {timeline['wall']}")
        if timeline["path"] != (expected := self.outcome.get("path", timeline["path"])):
            found.append(f"the path {timeline['path']} instead of {expected}")
        if self.outcome.get("isAuto") and set(causes) != {"auto"}:
            found.append(f"causes {causes} of seeks by the player itself")
        if self.outcome.get("isLive"):
            found += self._wrong_of_a_live_stream(timeline)
        return found

    def _wrong_of_a_live_stream(self, timeline: dict) -> list[str]:
        found = []
        if timeline["coverage"] is not None:
            found.append(f"a live stream with a coverage of {timeline['coverage']}")
        lowest = min((part.start for part in stretches(self.outcome["samples"])), default=0)
        (heat,) = timeline["heatmap"]
        if heat["from"] < lowest - DAY_SECONDS:
            found.append(f"an axis from {heat['from']} of what was watched from {lowest}")
        return found
