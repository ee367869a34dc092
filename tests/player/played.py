"""A script that is being played in a browser, and what comes of it."""

import queue
from urllib.parse import urlencode

from tests.player.stage import Stage
from tests.player.truth import differences
from tests.service import Service, mint, wait_until

SECONDS = 60
TOKEN = mint()


class Played:
    """A script that is being played, and what comes of it."""

    def __init__(self, service: Service, script: str, stage: Stage | None = None, page: str = "/", **given: str):
        self._service = service
        self.session = self._open_session(script)
        self.earlier = self._open_session("An earlier one")
        self.stage = stage or Stage(service.port)
        given |= {"script": script, "session": self.session, "token": self._token(self.session)}
        given |= {"earlier": self.earlier, "earlierToken": self._token(self.earlier)}
        self.address = f"{self.stage.address}{page}?{urlencode(given)}"
        self._outcome: dict | None = None

    @property
    def outcome(self) -> dict:
        """The result of the script; waits for it."""
        if self._outcome is None:
            try:
                self._outcome = self.stage.outcomes.get(timeout=SECONDS)
            except queue.Empty:
                self._outcome = {"fault": f"no result in {SECONDS} s"}
        return self._outcome

    def faults(self) -> list[str]:
        """Name what the timeline shows wrongly."""
        if "fault" in self.outcome:
            return [self.outcome["fault"]]
        self.wait_for_the_last_event()
        timeline = self.timeline()
        noted = [f"anomaly {each['code']}" for each in timeline["anomalies"]]
        return differences(self.outcome["story"], timeline) + noted

    def timeline(self) -> dict:
        return self._read(f"/{self.session}/timeline")

    def log(self) -> str:
        """Return what the player sent, a line for each event."""
        return "\n".join(f"{event['timestamp']} {event['type']} {event['data']}" for event in self.events())

    def wait_for_the_last_event(self) -> None:
        """Wait for the last event of a closed page, which cannot tell when it has arrived."""
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
