"""Reloads, recycling and restarts, under clients that send nothing twice; half of them keep their connections."""

import http.client
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator

from tests.battery.finding import Finding, control
from tests.battery.stage import Remote, stage
from tests.service import Service, wait_until

CLIENTS = 8
RELOADS = 6
RECYCLED_AFTER, RECYCLED = 60, 25
BEHIND_A_ROUTER = 4


def experiments() -> Iterator[Finding]:
    """Reload, recycle and stop; each against settings that lose requests."""
    with stage() as built:
        for arguments, make in (("", Finding), ("--worker-class gthread --reuse-port", control)):
            service = built.serve(arguments, WEB_CONCURRENCY=2)
            answered, lost = under_load(service, lambda service=service: reload(service, RELOADS))
            settings = ", gunicorn’s own worker, --reuse-port" if arguments else ""
            what = f"{RELOADS} reloads under {CLIENTS} clients{settings}"
            yield make(what, _figures(answered, lost), not lost)
        service = built.serve(f"--max-requests {RECYCLED_AFTER}", WEB_CONCURRENCY=2)
        answered, lost = under_load(service, lambda: recycle(service, RECYCLED))
        what = f"{RECYCLED} workers recycled after {RECYCLED_AFTER} requests each, {CLIENTS} clients"
        yield Finding(what, _figures(answered, lost), not lost)
        for how, make in ((signal.SIGTERM, Finding), (signal.SIGQUIT, control)):
            service = built.serve(WEB_CONCURRENCY=2)
            answered, cut_off, seconds = stopped_under_load(service, how)
            figures = f"{answered} answered, {cut_off} cut off, ended after {seconds:.1f} s"
            yield make(f"{how.name} under {CLIENTS} clients", figures, not cut_off and seconds < 20)
        for arguments, make in (("", Finding), ("--keep-alive 2", control)):
            service = built.serve(arguments, WEB_CONCURRENCY=1)
            missing = lost_after_a_pause(service)
            figures = f"{missing} of {CLIENTS} requests lost on connections idle for {BEHIND_A_ROUTER} s"
            settings = ", gunicorn’s own keepalive" if arguments else ""
            yield make(f"a router that reuses connections{settings}", figures, not missing)


def under_load(service: Service, deed) -> tuple[int, Counter]:
    """Have clients post all the time while `deed` happens; how many answers came, and what happened to the others."""
    answered, lost, over = Counter(), Counter(), threading.Event()

    def post(keeps: bool) -> None:
        client = Remote(service.port)
        while not over.is_set():
            try:
                answered[client.post("/api/sessions", {"title": "x"}).status_code] += 1
                if not keeps:
                    client.close()
            except (OSError, http.client.HTTPException) as error:
                lost[type(error).__name__] += 1
        client.close()

    threads = [threading.Thread(target=post, args=(number % 2,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        deed()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    lost += Counter({status: count for status, count in answered.items() if status != 201})
    return answered[201], lost


def reload(service: Service, times: int) -> None:
    """Have gunicorn replace its workers, again and again."""
    for _ in range(times):
        workers = set(service.worker_pids())
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda workers=workers: workers.isdisjoint(pids := service.worker_pids()) and len(pids) == 2)


def recycle(service: Service, times: int) -> None:
    """Wait until gunicorn has replaced so many workers of its own accord."""
    seen = set(service.worker_pids())
    most = len(seen) + times

    def is_done() -> bool:
        seen.update(service.worker_pids())
        return len(seen) >= most

    wait_until(is_done, seconds=60)


def stopped_under_load(service: Service, how: signal.Signals) -> tuple[int, int, float]:
    """Stop it while clients post; how many were answered, how many sent their request and got no answer, and when."""
    answered, lost, gone = Counter(), Counter(), threading.Event()

    def post() -> None:
        while not gone.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=25)
            try:
                connection.connect()
            except OSError:  # refused: nothing was sent, a router sends it elsewhere
                return
            try:
                connection.request("POST", "/api/sessions", b'{"title":"x"}', headers)
                answered[connection.getresponse().status] += 1
            except (OSError, http.client.HTTPException) as error:
                lost[type(error).__name__] += 1
            connection.close()

    client = Remote(service.port)
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    threads = [threading.Thread(target=post) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    wait_until(lambda: answered[201] > 50)
    began = time.monotonic()
    service.process.send_signal(how)
    service.process.wait(30)
    seconds = time.monotonic() - began
    gone.set()
    for thread in threads:
        thread.join()
    return answered[201], sum(lost.values()), seconds


def lost_after_a_pause(service: Service) -> int:
    """Send on connections that were idle for a while, as a router does, and count what gets no answer."""
    clients = [Remote(service.port) for _ in range(CLIENTS)]
    for client in clients:
        client.new_session()
    time.sleep(BEHIND_A_ROUTER)
    lost = 0
    for client in clients:
        try:
            client.new_session()
        except (OSError, http.client.HTTPException):
            lost += 1
        client.close()
    return lost


def _figures(answered: int, lost: Counter) -> str:
    return f"{answered} answered, {sum(lost.values())} lost"
