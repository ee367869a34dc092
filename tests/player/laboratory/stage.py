"""What the laboratory's pages load: its scripts, the players' bundles, and its films, at once, late or live."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.player.laboratory import media, players
from tests.player.stage import Handler, Stage
from videosession.browser import STATIC

HERE = Path(__file__).parent
KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".m4s": "video/iso.segment",
    ".ts": "video/mp2t",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
}
EARLY_SEGMENTS = 3  # of a slow film; the others wait


class LaboratoryHandler(Handler):
    server: "LaboratoryStage"

    def answers(self) -> dict[str, Callable[[str], None]]:
        answers: dict[str, Callable[[str], None]] = {
            "/laboratory/players/": lambda name: self._send(players.script(name.removesuffix(".js"))),
            "/laboratory/": lambda name: self._send(HERE / name),
            "/media/": lambda name: self._send(media.FOLDER / name),
            "/slow/demo/": lambda name: self._send(STATIC / "demo" / name, is_late=True),
            "/slow/media/": self._send_late,
            "/live/": self._send_live,
        }
        if module := self.server.module:
            answers["/player.js"] = lambda name: self._send(module)
        return answers

    def _send(self, file: Path, *, is_late: bool = False) -> None:
        """Send a file, or the range of it that is asked for; late, a third at first, and more when that is wanted."""
        if not file.is_file():
            return self.answer(404, {}, b"")
        content = file.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        first, last = (int(asked[1]), int(asked[2] or len(content) - 1)) if asked else (0, len(content) - 1)
        headers = {"Content-Type": KINDS[file.suffix], "Accept-Ranges": "bytes", "Cache-Control": "no-store"}
        if asked:
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        early = max(0, len(content) // 3 - first) if is_late else len(content)
        return self._send_in_two(206 if asked else 200, headers, content[first : last + 1], early)

    def _send_in_two(self, status: int, headers: dict, body: bytes, early: int) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:early])
        if body[early:]:
            self.server.rest.wait()
            self.wfile.write(body[early:])

    def _send_late(self, name: str) -> None:
        file = media.FOLDER / name
        if file.suffix == ".mp4":
            return self._send(file, is_late=True)
        place = re.search(r"(\d+)\.(ts|m4s)$", name)
        if place and int(place[1]) >= EARLY_SEGMENTS:
            self.server.rest.wait()
        return self._send(file)

    def _send_live(self, name: str) -> None:
        clip, _, file = name.partition("/")
        if file == f"{media.EPOCH}.mpd":
            return self.answer(200, {"Content-Type": KINDS[".mpd"]}, media.live_manifest(datetime.now(UTC)).encode())
        if piece := re.fullmatch(rf"{media.EPOCH}-(\d)-(\d+)\.m4s", file):
            content = media.live_segment(media.FOLDER / clip, piece[1], int(piece[2]))
            return self.answer(200, {"Content-Type": KINDS[".m4s"]}, content)
        if not (quality := re.fullmatch(r"live-(\w+)\.m3u8", file)):
            return self._send(media.FOLDER / name)
        self.server.live_since = self.server.live_since or time.monotonic()
        playlist = media.live_playlist(media.FOLDER / clip, quality[1], time.monotonic() - self.server.live_since)
        return self.answer(200, {"Content-Type": KINDS[".m3u8"]}, playlist.encode())


class LaboratoryStage(Stage):
    """A stage for one run; `module` is another player.js than the service's, to see its faults."""

    handler = LaboratoryHandler
    live_since: float | None = None

    def __init__(self, service_port: int, module: Path | None = None):
        self.module = module
        super().__init__(service_port)
