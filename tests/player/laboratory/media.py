"""The films of the laboratory, in every format that players need; ffmpeg makes them once."""

import math
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

FOLDER = Path(__file__).parent / "media"
FFMPEG = shutil.which("ffmpeg")
SECONDS = {"a": 24, "b": 8, "ad": 4, "long": 90}
SEGMENT_SECONDS = 2
LIVE_WINDOW = 4  # segments
EPOCH = "since-1970"
TIMESCALE = 12288  # as ffmpeg writes 12 pictures a second
PICTURE = "testsrc2=size=160x90:rate=12:duration={seconds}"
H264 = ("-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-preset", "veryfast", "-g", "12")
QUALITIES = {"low": "60k", "high": "200k"}


def make() -> Path:
    """Make what is missing, and return the folder: each clip as MP4, HLS in two qualities and DASH."""
    for name, seconds in SECONDS.items():
        if not (folder := FOLDER / name).exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            _make_clip(unfinished, seconds)
            unfinished.rename(folder)
    return FOLDER


def _make_clip(folder: Path, seconds: int) -> None:
    source = ("-f", "lavfi", "-i", PICTURE.format(seconds=seconds))
    for name, rate in QUALITIES.items():
        _ffmpeg(*source, *H264, "-b:v", rate, "-movflags", "+faststart", str(folder / f"{name}.mp4"))
        parts = ("-hls_time", str(SEGMENT_SECONDS), "-hls_list_size", "0", "-hls_playlist_type", "vod")
        naming = ("-hls_segment_filename", str(folder / f"{name}-%d.ts"))
        _ffmpeg("-i", str(folder / f"{name}.mp4"), "-c", "copy", *parts, *naming, str(folder / f"{name}.m3u8"))
    (folder / "master.m3u8").write_text(_master(""))
    (folder / "live.m3u8").write_text(_master("live-"))
    both = [part for name in QUALITIES for part in ("-i", str(folder / f"{name}.mp4"))]
    maps = ("-map", "0:v", "-map", "1:v", "-c", "copy", "-adaptation_sets", "id=0,streams=v")
    parts = ("-seg_duration", str(SEGMENT_SECONDS), "-use_template", "1", "-use_timeline", "0")
    _ffmpeg(*both, *maps, "-f", "dash", *parts, str(folder / "film.mpd"))


def _master(prefix: str) -> str:
    streams = [
        f'#EXT-X-STREAM-INF:BANDWIDTH={rate.replace("k", "000")},CODECS="avc1.42c00d"\n{prefix}{name}.m3u8'
        for name, rate in QUALITIES.items()
    ]
    return "\n".join(["#EXTM3U", *streams, ""])


def live_playlist(clip: Path, name: str, seconds: float) -> str:
    """Return the playlist of a live stream after `seconds`: a window that slides over the clip's segments."""
    count = math.ceil(SECONDS[clip.name] / SEGMENT_SECONDS)
    first = min(int(seconds / SEGMENT_SECONDS), count - LIVE_WINDOW)
    listed = [f"#EXTINF:{SEGMENT_SECONDS}.0,\n{name}-{place}.ts" for place in range(first, first + LIVE_WINDOW)]
    head = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}",
        f"#EXT-X-MEDIA-SEQUENCE:{first}",
    ]
    return "\n".join([*head, *listed, ""])


def live_manifest(now: datetime) -> str:
    """Return the DASH manifest of a live stream whose clock began in 1970."""
    instant = now.isoformat(timespec="seconds")
    bandwidths = [rate.replace("k", "000") for rate in QUALITIES.values()]
    streams = "".join(
        f'<Representation id="{place}" codecs="avc1.42c00d" width="160" height="90" bandwidth="{bandwidth}"/>'
        for place, bandwidth in enumerate(bandwidths)
    )
    return f"""<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011"
      type="dynamic"
      availabilityStartTime="1970-01-01T00:00:00Z" publishTime="{instant}" minimumUpdatePeriod="PT2S"
      timeShiftBufferDepth="PT{LIVE_WINDOW * SEGMENT_SECONDS}S" suggestedPresentationDelay="PT4S" minBufferTime="PT2S">
      <Period id="0" start="PT0S"><AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true">
      <SegmentTemplate timescale="1" duration="{SEGMENT_SECONDS}" startNumber="0"
      initialization="init-stream$RepresentationID$.m4s" media="{EPOCH}-$RepresentationID$-$Number$.m4s"/>{streams}
      </AdaptationSet></Period><UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="{instant}"/></MPD>"""


def live_segment(clip: Path, stream: str, number: int) -> bytes:
    """Return a segment of it: one of the clip's, with another time of decoding."""
    count = math.ceil(SECONDS[clip.name] / SEGMENT_SECONDS)
    content = (clip / f"chunk-stream{stream}-{number % count + 1:05}.m4s").read_bytes()
    place = content.index(b"tfdt") + 8  # behind its version, which is 1, and its flags
    ticks = number * SEGMENT_SECONDS * TIMESCALE
    return content[:place] + ticks.to_bytes(8) + content[place + 8 :]


def _ffmpeg(*arguments: str) -> None:
    assert FFMPEG
    subprocess.run([FFMPEG, "-v", "error", "-y", "-threads", "1", *arguments], check=True, timeout=120)
