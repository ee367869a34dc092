"""The picture: whole whatever is drawn, small however much, and told in words too."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.log import log
from tests.timeline.strategies import logs
from videosession.timeline import picture, summarise, walk
from videosession.timeline.picture.style import STYLE

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "desc", "style", "defs", "marker", "path", "rect", "text"}
START = 1_767_225_600_000_000


def drawn(events):
    viewing = walk(events)
    return picture(viewing, summarise(viewing))


def parsed(events):
    return ElementTree.fromstring(drawn(events))


def words(events):
    return " ".join(each.text or "" for each in parsed(events).iter(f"{SVG}text"))


def event(seconds, name, **data):
    return {"eventId": "e", "type": name, "timestamp": "", "instant": START + int(seconds * 1e6), "data": data}


@given(logs())
def test_any_events_give_a_well_formed_picture_with_valid_numbers(events):
    svg = drawn(events)
    assert {each.tag.removeprefix(SVG) for each in ElementTree.fromstring(svg).iter()} <= ELEMENTS
    assert not re.search(r"[\"MLHVCl ](nan|inf|-?\d[\d.]*e[+-]?\d)", svg.split("</style>")[1])
    assert len(svg) < 200_000


@given(logs())
def test_every_class_in_a_picture_has_a_style(events):
    used = {name for names in re.findall(r' class="([^"]*)"', drawn(events)) for name in names.split()}
    missing = {name for name in used if f".{name}" not in STYLE}
    assert missing == set(), "add these classes to STYLE in videosession/timeline/picture/style.py"


@given(st.text(min_size=1))
def test_text_from_clients_is_escaped(text):
    events = [event(0, "play", node=text), event(5, "choice", toNode=text + "<b>", option=text, position=5)]
    root = parsed([*events, event(9, "pause", position=4)])
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= ELEMENTS
    assert len(root.findall(f".//{SVG}style")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</text><script>alert(1)</script>",
        "</title></svg>",
        '" onload="alert(1)',
        "]]>",
        "<!--",
        "&nbsp;&#0;",
        "a\x00\x01\x1f\x7f\ufffe\uffffb",
        "\ud800",
        "\u202egnp.exe\u202c",
        "\n\t " * 1000,
        "long" * 100_000,
    ],
)
def test_markup_scripts_and_characters_invalid_in_xml_are_harmless(text):
    svg = drawn([event(0, "play", node=text), event(5, "choice", toNode=text + "x", option=text, position=5)])
    root = ElementTree.fromstring(svg.encode())
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= ELEMENTS
    assert not any(name.startswith("on") or "href" in name for each in root.iter() for name in each.attrib)
    assert len(svg) < 12_000
    assert "\u202e" not in svg


def test_the_picture_describes_its_content_in_words():
    root = parsed(log("0 play 0 duration=60; 30 seek from=30 to=10; 50 pause 30; 60 sessionEnd"))
    named = dict(each.split("-", 1)[::-1] for each in root.get("aria-labelledby").split())
    assert root.get("role") == "img"
    assert named.keys() == {"title", "desc"}
    assert root.find(f"{SVG}title").text == "Timeline: 50 % seen"
    assert root.find(f"{SVG}desc").text == (
        "50 % seen. watched for 50 s. 20 s of it again. 1 jump. paused 10 s. video: 30 s seen."
    )
    assert {root.find(f"{SVG}{name}").get("id") for name in named} == set(root.get("aria-labelledby").split())


def test_the_picture_has_a_view_box_and_a_dark_mode():
    svg = drawn(log("0 play 0; 5 pause 5"))
    assert ElementTree.fromstring(svg).get("viewBox").startswith("0 0 640 ")
    assert "prefers-color-scheme:dark" in svg
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|<script", svg)
    assert set(re.findall(r"url\(([^)]*)\)", svg)) <= {"#timeline-branch"}


SAID = {
    "nothing known": ("0 hello", "Nothing was reported"),
    "nothing watched": ("0 sessionStart duration=60; 9 ping 0", "Nothing was watched"),
    "no length": ("0 play 0; 9 pause 9", "9 s seen"),
    "coverage": ("0 play 0 duration=60; 30 pause 30", "50 % seen"),
    "nearly all": ("0 play 0 duration=1000; 999 pause 999", "99 % seen"),
    "hardly any": ("0 play 0 duration=1000; 1 pause 1", "1 % seen"),
    "all": ("0 play 0 duration=9; 9 complete 9", "100 % seen"),
    "completed": ("0 play 0 duration=9; 9 complete 9", "completed"),
    "left open": ("0 play 0; 9 ping 9", "left open"),
    "branches": ("0 play 0; 9 choice toNode=b; 10 choice toNode=c", "2 branches"),
    "a node's name": ("0 play 0 node=intro; 9 pause 9", "intro · 9 s seen"),
    "a node beside a nameless one": ("0 play 0; 9 choice 9 toNode=b", "video · 9 s seen"),
    "an option": ("0 play 0; 9 choice 9 toNode=b option=left", "left"),
    "when": ("0 play 0; 9 pause 9", "since 2026-01-01 00:00:00 UTC"),
    "a night": ("0 play 0; 10 ping 10; 28811 ping 11; 28820 pause 20", "8 h stalled"),
    "folds": ("0 play 0; 10 pause 10; 28810 play 10; 28820 pause 20", "Long times in which nothing played are folded."),
    "an ad": ("0 adBreakStart; 30 adBreakComplete; 30 play 0; 40 pause 10", "ads 30 s"),
    "an untold jump": ("0 play 0; 5 ping 5; 6 ping 50; 9 pause 53", "jump not reported"),
}


@pytest.mark.parametrize(("text", "said"), SAID.values(), ids=SAID)
def test_the_picture_states_the_important_numbers(text, said):
    assert said in words(log(text))


def marks(text, kind):
    return [each.get("d") for each in parsed(log(text)).iter(f"{SVG}path") if each.get("class") == kind]


def test_a_linear_viewing_is_one_diagonal():
    diagonal, _ = marks("0 play 0 duration=10; 5 ping 5; 10 complete 10", "play")
    assert diagonal == "M86 330L590 90"


def test_pauses_and_stalls_are_level_pieces_on_a_band_of_their_own():
    text = "0 play 0 duration=20; 5 pause 5; 10 play 5; 15 waiting 10; 20 canplay 10; 30 pause 20"
    assert marks(text, "play")[0].count("M") == 3
    assert marks(text, "stand")[0].count("M") == 2
    assert len(marks(text, "paused")) == len(marks(text, "stalled")) == 1


def test_branches_are_drawn_below_the_lanes():
    text = "0 play 0 node=a; 9 choice 9 toNode=b; 12 choice 3 toNode=a; 20 pause 8"
    assert len(marks(text, "edge")) == 2
    assert marks("0 play 0; 5 pause 5", "edge") == []


def test_a_branch_between_two_of_a_row_is_drawn_between_them():
    text = "0 play 0 node=a; 3 choice 3 toNode=b; 6 choice 3 toNode=a; 9 choice 3 toNode=c; 12 choice 3 toNode=b"
    straight = [path for path in marks(text, "edge") if "L" in path]
    assert straight == ["M409 767L235 767"]


def hectic(second):
    return event(second, "seek", **{"from": second * 7 % 900, "to": second * 37 % 900})


MANY = {
    "reports": lambda second: event(second, "ping", position=second),
    "jumps": hectic,
    "pauses": lambda second: event(second, ("play", "pause")[second % 2], position=second // 2),
    "nodes": lambda second: event(second, "choice", toNode=f"n{second}", position=1, option="o" * 100),
    "chances": lambda second: event(second, "choice", toNode=f"n{second % 30}", option=str(second), position=1),
    "reloads": lambda second: event(second, ("sessionStart", "play")[second % 2], position=second % 100),
}


@pytest.mark.processes
@pytest.mark.parametrize("many", MANY.values(), ids=MANY)
def test_the_picture_stays_small_however_long_the_session(many):
    events = [event(0, "play", position=0, duration=20_000), *map(many, range(1, 10_000))]
    assert len(drawn(events)) < 150_000


def test_a_note_says_what_is_left_out():
    events = [event(0, "play", position=0, duration=900), *map(hectic, range(1, 2_000))]
    assert "those that look different are drawn" in words(events)
    assert "more are not" in words([event(second, "choice", toNode=f"n{second}") for second in range(100)])
    assert "than there is room for" in words([event(second, "choice", toNode=f"n{second}") for second in range(100)])


def test_the_picture_names_the_session_and_the_video():
    viewing = walk([event(0, "play", position=0)])
    svg = picture(viewing, summarise(viewing), "A <b>", "film-1")
    assert "A &lt;b&gt; · film-1" in svg.split("</title>")[0]
    assert "A <b> · film-1" in [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_branch_is_named_in_full_where_there_is_room():
    option = "Follow the footsteps into the forest"
    told = [event(0, "play", node="a"), event(9, "choice", toNode="b", option=option, position=9)]
    assert option in words([*told, event(12, "pause", position=3)])


def test_the_legend_has_no_entry_for_modes_that_are_folded():
    told = words([event(0, "play", position=0), event(9, "pause", position=9), event(9000, "play", position=9)])
    assert "2 h 29 min paused" in told or "paused" in told
    assert told.count("paused") == 2  # the facts, and the fold
