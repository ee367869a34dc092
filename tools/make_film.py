"""Draw the film of the demo: four clips, each in a format that every phone plays and in one that free browsers do.

Needs ffmpeg with libvpx, libx264 and libfontconfig, and the font DejaVu Sans (Debian: ffmpeg, fonts-dejavu-core).

    python tools/make_film.py videosession/static/demo

Every thing in the picture is drawn once, by expressions of X and Y, and then moved over the sky by ffmpeg's overlay.
"""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

WIDTH, HEIGHT, FRAMES_A_SECOND = 640, 360, 12
HORIZON = 215
KEYFRAME_SECONDS = 2  # a seek decodes from the keyframe before it

Colour = tuple[int, int, int]


class Shape(NamedTuple):
    """A colour, and how much of it covers a pixel: an expression of X and Y, from 0 to 1."""

    colour: Colour
    cover: str


class Thing(NamedTuple):
    """Shapes over each other, and where they are at the second t; `turn` is the angle they are turned by then."""

    size: tuple[int, int]
    shapes: list[Shape]
    x: str
    y: str
    turn: str = ""


class Clip(NamedTuple):
    title: str
    seconds: int
    sky: tuple[Colour, Colour]
    sea: tuple[Colour, Colour, Colour]
    things: list[Thing]


def between(low: str, value: str, high: str) -> str:
    """Cover where `value` lies between two others, with soft edges."""
    return f"clip(({value})-({low})+0.5,0,1)*clip(({high})-({value})+0.5,0,1)"


def disc(colour: Colour, radius: int, x: str, y: str) -> Thing:
    middle = radius + 2
    cover = f"clip({radius}-hypot(X-{middle},Y-{middle})+0.5,0,1)"
    return Thing((2 * middle, 2 * middle), [Shape(colour, cover)], f"{x}-{middle}", f"{y}-{middle}")


def stars(count: int) -> Thing:
    places = [((index * 197) % WIDTH, 12 + (index * 83) % 150) for index in range(count)]
    cover = "+".join(f"clip({1.2 + index % 3 / 4}-hypot(X-{x},Y-{y}),0,1)" for index, (x, y) in enumerate(places))
    return Thing((WIDTH, HORIZON), [Shape((225, 228, 255), f"clip({cover},0,1)")], "0", "0")


def boat(x: str, y: str) -> Thing:
    left, below = "(X-80)", "(Y-110)"
    hull = between("0", below, f"28-{left}*{left}/190") + "*" + between("-70", left, "70")
    mainsail = between(f"-100+abs({left})*1.7", below, "-6") + "*" + between("3", left, "56")
    jib = between(f"-84+abs({left})*1.9", below, "-6") + "*" + between("-42", left, "-2")
    mast = between("-2", left, "2") + "*" + between("-106", below, "0")
    shapes = [Shape((58, 38, 46), mast), Shape((240, 228, 208), mainsail), Shape((224, 198, 172), jib)]
    return Thing((160, 140), [*shapes, Shape((58, 38, 46), hull)], f"{x}-80", f"{y}-110")


def lighthouse(x: int, y: int) -> Thing:
    half = "(9+(Y-40)*0.08)"
    tower = between(f"100-{half}", "X", f"100+{half}") + "*" + between("40", "Y", "190")
    lamp = between("92", "X", "108") + "*" + between("20", "Y", "40")
    roof = between("4+abs(X-100)*1.2", "Y", "20")
    rock = between("176+(X-100)*(X-100)/150", "Y", "240")
    shapes = [
        Shape((240, 232, 222), tower),
        Shape((196, 62, 58), f"{tower}*lt(mod(Y-40,44),22)"),
        Shape((255, 232, 150), lamp),
        Shape((70, 40, 48), roof),
        Shape((48, 44, 58), rock),
    ]
    return Thing((200, 240), shapes, f"{x}-100", f"{y}-30")


def beam(x: int, y: int) -> Thing:
    """A ray that turns once in seven seconds."""
    along, across = "(X-480)", "abs(Y-480)"
    cover = f"clip({along}/30,0,1)*clip(({along}*0.15-{across})/({along}*0.1+1),0,1)*clip(1-{along}/470,0,1)*0.7"
    return Thing((960, 960), [Shape((255, 236, 170), cover)], f"{x}-480", f"{y}-480", turn="t*2*PI/7")


def waves(row: int, colour: Colour) -> Thing:
    """One row of waves; the nearer the higher and the faster."""
    length = 160 + 60 * row
    crest = f"{10 + 2 * row}+{3 + 3 * row}*sin(X*2*PI/{length})+{2 + row}*sin(X*4*PI/{length}+1)"
    cover = f"clip(Y-({crest})+0.5,0,1)"
    x, y = f"-mod(t*{16 + 14 * row},{length})", f"{HORIZON - 10 + 42 * row}+{1 + row}*sin(t*1.3+{row})"
    return Thing((WIDTH + length, 180), [Shape(colour, cover)], x, y)


CLIPS = {
    "harbour": Clip(
        "Harbour",
        18,
        ((44, 46, 98), (244, 150, 104)),
        ((92, 74, 118), (66, 56, 100), (42, 40, 78)),
        [disc((255, 214, 140), 36, "430", "(150+t*4)"), boat("170", "(240+3*sin(t*1.6))")],
    ),
    "boat": Clip(
        "Boat",
        24,
        ((16, 24, 56), (74, 84, 138)),
        ((40, 58, 104), (30, 44, 86), (20, 30, 62)),
        [stars(26), disc((240, 240, 225), 24, "530", "70"), boat("(-80+t*33)", "(238+5*sin(t*1.9))")],
    ),
    "lighthouse": Clip(
        "Lighthouse",
        14,
        ((12, 16, 38), (46, 54, 96)),
        ((34, 44, 80), (26, 34, 66), (18, 24, 50)),
        [stars(26), beam(320, 90), lighthouse(320, 90)],
    ),
    "morning": Clip(
        "Morning",
        8,
        ((120, 184, 226), (255, 226, 180)),
        ((116, 176, 196), (86, 150, 178), (58, 120, 154)),
        [disc((255, 246, 208), 42, "470", "(205-t*9)"), lighthouse(150, 92)],
    ),
}


def painted(thing: Thing) -> str:
    """Write the filters that draw a thing once and keep it."""
    clear = "*".join(f"(1-{cover})" for _, cover in thing.shapes)
    channels = [f"a='255*(1-{clear})'"]
    for channel, name in enumerate("rgb"):
        expression = str(thing.shapes[0].colour[channel])
        for colour, cover in thing.shapes[1:]:
            expression = f"lerp({expression},{colour[channel]},{cover})"
        channels.append(f"{name}='{expression}'")
    width, height = thing.size
    turned = f",rotate=a='{thing.turn}':c=none" if thing.turn else ""
    once = f"color=size={width}x{height}:rate={FRAMES_A_SECOND}:duration={1 / FRAMES_A_SECOND},format=rgba"
    return f"{once},geq={':'.join(channels)},loop=loop=-1:size=1,setpts=N/{FRAMES_A_SECOND}/TB{turned}"


def sky(clip: Clip) -> str:
    channels = ":".join(
        f"{name}='{above}+({below}-{above})*clip(Y/{HORIZON},0,1)'"
        for name, above, below in zip("rgb", *clip.sky, strict=True)
    )
    size = f"size={WIDTH}x{HEIGHT}:rate={FRAMES_A_SECOND}"
    once = f"color={size}:duration={1 / FRAMES_A_SECOND},format=gbrp,geq={channels},loop=loop=-1:size=1"
    return f"{once},setpts=N/{FRAMES_A_SECOND}/TB,trim=duration={clip.seconds}"


def label(text: str, size: int, place: str) -> str:
    style = "font=DejaVu Sans:fontcolor=white:shadowcolor=black@0.45:shadowx=2:shadowy=2"
    return f"drawtext={style}:text='{text}':fontsize={size}:{place}"


def picture(clip: Clip) -> str:
    """Write the graph of ffmpeg's filters that draws a clip, its seconds on it."""
    far, *near = (waves(row, colour) for row, colour in enumerate(clip.sea))
    graph, below = [f"{sky(clip)}[sky]"], "sky"
    for index, thing in enumerate((far, *clip.things, *near)):
        graph.append(f"{painted(thing)}[thing{index}]")
        graph.append(f"[{below}][thing{index}]overlay=x='{thing.x}':y='{thing.y}':shortest=1[picture{index}]")
        below = f"picture{index}"
    labels = [
        label(clip.title, 30, "x=26:y=24"),
        label(f"of {clip.seconds} s", 20, "x=28:y=h-th-30"),
        label(r"%{eif\:floor(t)\:d\:2}.%{eif\:floor(10*mod(t\,1))\:d}", 84, "x=w-tw-28:y=h-th-30"),
    ]
    return ";".join([*graph, f"[{below}]{','.join(labels)},format=yuv420p,split[webm][mp4]"])


FORMATS = {
    "webm": ["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "44", "-deadline", "good", "-cpu-used", "1"],
    "mp4": ["-c:v", "libx264", "-crf", "31", "-preset", "slow", "-profile:v", "main", "-movflags", "+faststart"],
}


def main(directory: Path) -> None:
    """Draw each clip once, in both formats."""
    for name, clip in CLIPS.items():
        command = ["ffmpeg", "-v", "error", "-y", "-filter_complex", picture(clip)]
        for suffix, options in FORMATS.items():
            command += ["-map", f"[{suffix}]", *options, "-g", str(KEYFRAME_SECONDS * FRAMES_A_SECOND)]
            command += ["-t", str(clip.seconds), "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
            command += [str(directory / f"{name}.{suffix}")]
        subprocess.run(command, check=True)  # noqa: S603, written here


if __name__ == "__main__":
    main(Path(sys.argv[1]))
