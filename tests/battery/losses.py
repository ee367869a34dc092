"""A network that loses each request, or the reply to it, once."""

from collections.abc import Iterator

from tests.battery.finding import Finding, control
from tests.battery.stage import Remote, stage
from tests.test_lost_messages import NAMES, send_all

COUNT = 200


def experiments() -> Iterator[Finding]:
    """Send events with an eventId, with a key, and, as the control, with neither."""
    with stage() as built:
        service = built.serve(WEB_CONCURRENCY=2)
        client = Remote(service.port)
        for named in NAMES:
            answers, stored = send_all(client, ("127.0.0.1", service.port), NAMES[named], COUNT)
            ids = {event["eventId"] for event in stored}
            lost = sum(answer["eventId"] not in ids for answer in answers)
            twice = len(stored) - len({event["data"]["number"] for event in stored})
            messages = f"{COUNT // 2} requests and {COUNT // 2} replies lost"
            figures = f"{COUNT} events: {messages}, {lost} events lost, {twice} twice"
            make = control if named == "not at all" else Finding
            yield make(
                f"retries after lost requests and replies, events identified {named}", figures, not (lost or twice)
            )
        client.close()
