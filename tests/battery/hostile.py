"""Everything hostile that the tests know, over raw sockets."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

from tests.answers import canonical, strict_json
from tests.auth.test_tokens import TOKENS
from tests.battery.finding import Finding, control
from tests.battery.stage import Remote, stage
from tests.contract.test_hostile_input import ACCEPTED, Case
from tests.contract.test_hostile_input import REFUSED as REFUSED_INPUT
from tests.gunicorn_worker.test_hostile_http import ANSWERED, GOOD, HOSTS, REFUSED, read, request
from tests.service import Answer, Service

FEWEST = 300


def experiments() -> Iterator[Finding]:
    """Send it all; look at every answer, and at what was accepted once more."""
    with stage() as built:
        judge = Judge(built.serve(WEB_CONCURRENCY=2))
        judge.run()
        figures = (
            f"{judge.sent} sent: {judge.families()}; {len(judge.faults)} wrong,"
            f" {judge.same} of {len(ACCEPTED)} accepted values read back unchanged"
        )
        holds = not judge.faults and judge.same == len(ACCEPTED) and judge.sent >= FEWEST
        yield Finding("hostile input over raw sockets", f"{figures}{''.join(judge.faults[:3])}", holds)
        judge = Judge(built.serve(application="tests.battery.trusting:app", WEB_CONCURRENCY=1))
        judge.run()
        figures = f"{judge.sent} sent: {judge.families()}; {len(judge.faults)} wrong"
        yield control("the same, a service without validation", figures, not judge.faults)


class Judge:
    """Sends hostile requests to a service, and judges the answers."""

    def __init__(self, service: Service):
        self.sent, self.same = 0, 0
        self.faults: list[str] = []
        self._statuses = Counter()
        self._service = service
        self._client = Remote(service.port)
        self._untouched = self._client.new_session()

    def run(self) -> None:
        for name, (_, sent) in ANSWERED.items():
            self._send(name, sent)
        for name, sent in REFUSED.items():
            self._send(name, sent)
        for host in HOSTS:
            self._send(f"the host {host!r}", request(GOOD).replace(b"localhost", host))
        for name, token in TOKENS.items():
            head = b"GET /api/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "
            self._send(f"a token: {name}", head + token.encode("utf-8", "surrogatepass") + b"\r\n\r\n")
        for name, case in REFUSED_INPUT.items():
            self._send(name, self._write(case))
        for name, body in ACCEPTED.items():
            self._accept(name, body)
        rest = self._client.get(f"/api/sessions/{self._untouched}")
        if rest.status_code != 200 or rest.json["events"]:
            self.faults.append(" a rejected request left something behind")
        self._client.close()

    def families(self) -> str:
        """Count the answers of each hundred."""
        return ", ".join(f"{count} × {family}xx" for family, count in sorted(self._statuses.items()))

    def _send(self, name: str, sent: bytes) -> Answer | None:
        self.sent += 1
        received = self._service.raw(sent, shut=True)
        try:
            answer = read(received)
        except Exception as error:
            self.faults.append(f" {name}: no answer ({error!r})")
            return None
        self._statuses[answer.status_code // 100] += 1
        sent_away = "Location" in answer.headers and answer.status_code != 201
        # 501 is for a transfer coding that the service does not know (RFC 9112, 6.1).
        if (answer.status_code >= 500 and answer.status_code != 501) or sent_away:
            self.faults.append(f" {name}: {answer.status_code}")
        try:
            strict_json(answer.data or b"null")
        except (ValueError, AssertionError):
            self.faults.append(f" {name}: not strict JSON")
        return answer

    def _accept(self, name: str, body: bytes) -> None:
        session_id = self._client.new_session()
        case = Case(201, body, path=f"/api/sessions/{session_id}/events")
        answer = self._send(name, self._write(case))
        if answer is None or answer.status_code != 201:
            self.faults.append(f" {name}: not accepted")
            return
        expected = {"data": {}} | strict_json(body) | {"eventId": answer.json["eventId"]}
        stored = self._client.get(f"/api/sessions/{session_id}")
        same = stored.status_code == 200 and canonical(stored.json["events"]) == canonical([expected])
        self.same += same

    def _write(self, case: Case) -> bytes:
        path = case.path.replace("{session}", self._untouched).replace("{SESSION}", self._untouched.upper())
        # A client of Flask's tests escapes what no path on the wire may have.
        line = f"{case.method} {quote(path, safe='/?&=%;:@!$()*+,.~-_')} HTTP/1.1".encode()
        headers = (
            {"Content-Type": "application/json"} if case.headers is None and case.body is not None else case.headers
        )
        lines = [f"{name}: {value}".encode() for name, value in (headers or {}).items()]
        if case.body is not None:
            lines.append(b"Content-Length: %d" % len(case.body))
        return request(line, *lines, body=case.body or b"")
