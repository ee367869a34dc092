"""A simulated viewer, of whom the truth is known: it comes out again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videosession.timeline import timeline, walk
from videosession.timeline.summary import by_node, union

LENGTH = 1000.0
PING = 5.0  # seconds between two pings
SEEK = 0.1  # seconds that a seek takes

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("play"), st.integers(1, 40)),
        st.tuples(st.just("pause"), st.integers(1, 100)),
        st.tuples(st.just("stall"), st.integers(1, 30)),
        st.tuples(st.just("seek"), st.integers(0, 990)),
        st.tuples(st.just("rate"), st.sampled_from([0.5, 1, 1.5, 2])),
        st.tuples(st.just("choose"), st.sampled_from("abc")),
    ),
    max_size=25,
)


class Viewer:
    """Plays, pauses, stalls, seeks and chooses, keeps what was watched, and tells events."""

    def __init__(self, tells_seeks=True):
        self.tells_seeks = tells_seeks
        self.now, self.position, self.rate, self.node, self.playing = 0, 0.0, 1.0, "a", False
        self.watched, self.open = [], None
        self.events = []
        self.tell("sessionStart", node="a", duration=LENGTH)

    def tell(self, name, **data):
        instant = round(self.now * 1e6)
        self.events.append({"eventId": "", "type": name, "timestamp": "", "instant": instant, "data": data})

    def close(self):
        if self.open is not None and self.position > self.open:
            self.watched.append((self.node, self.open, self.position))
        self.open = None

    def start(self):
        if not self.playing:
            self.playing = True
            self.tell("play", position=self.position)
        if self.open is None:
            self.open = self.position

    def play(self, seconds):
        self.start()
        left = min(seconds, max(0.0, (LENGTH - 50 - self.position) / self.rate))
        while left > 0:
            step = min(PING, left)
            self.now += step
            self.position += step * self.rate
            left -= step
            self.tell("ping", position=self.position)

    def pause(self, seconds):
        self.playing = False
        self.tell("pause", position=self.position)
        self.now += seconds

    def stall(self, seconds):
        self.tell("bufferStart", position=self.position)
        self.now += seconds
        self.tell("bufferEnd", position=self.position)

    def seek(self, target):
        if abs(target - self.position) < 60:
            return
        self.close()
        if self.tells_seeks:
            self.tell("seek", **{"from": self.position, "to": target})
        self.position = float(target)
        self.now += SEEK

    def set_rate(self, rate):
        self.rate = rate
        self.tell("rateChange", position=self.position, rate=rate)

    def choose(self, node):
        self.close()
        self.tell("choice", toNode=node, position=self.position, toPosition=0, duration=LENGTH)
        self.node, self.position = node, 0.0

    def act(self, actions):
        does = {"play": self.play, "pause": self.pause, "stall": self.stall}
        does |= {"seek": self.seek, "rate": self.set_rate, "choose": self.choose}
        for name, how in actions:
            does[name](how)
        self.pause(1)
        self.close()
        return self

    def total(self):
        return sum(end - start for _, start, end in self.watched)


def count(actions, name):
    return sum(each == name for each, _ in actions)


@given(ACTIONS)
def test_the_timeline_equals_what_the_simulated_viewer_watched(actions):
    viewer = Viewer().act(actions)
    seen = [(each["node"], each["from"], each["to"]) for each in timeline(viewer.events)["segments"]]
    assert seen == [(node, pytest.approx(start), pytest.approx(end)) for node, start, end in viewer.watched]


@given(ACTIONS)
def test_fully_reported_viewings_have_no_anomalies(actions):
    assert timeline(Viewer().act(actions).events)["anomalies"] == []


@given(ACTIONS)
def test_an_unreported_seek_loses_at_most_the_playback_until_the_next_report(actions):
    viewer = Viewer(tells_seeks=False).act(actions)
    answer = timeline(viewer.events)
    seeks = count(actions, "seek")
    # Who moves exactly as far as the clock went on in a pause is taken for one whose `play` got lost.
    most = max(viewer.total() + seeks * 2, sum(answer["wall"].values()))
    assert viewer.total() - seeks * 2 * PING - 0.01 <= answer["watchedSeconds"] <= most + 0.01


@given(ACTIONS, st.randoms(use_true_random=False))
def test_missing_positions_lose_nothing_if_one_is_reported_every_15_seconds(actions, random):
    viewer = Viewer().act(actions)
    left_out = 0
    for event in viewer.events:
        if event["type"] in ("ping", "pause", "bufferStart") and left_out < 2 and random.random() < 0.5:
            del event["data"]["position"]
            left_out += 1
        else:
            left_out = 0
    off = 0.01 + 2 * SEEK * count(actions, "seek")
    assert timeline(viewer.events)["watchedSeconds"] == pytest.approx(viewer.total(), abs=off)


@given(ACTIONS, st.randoms(use_true_random=False))
def test_lost_pings_do_not_change_what_was_watched(actions, random):
    viewer = Viewer().act(actions)
    kept = [event for event in viewer.events if event["type"] != "ping" or random.random() < 0.6]
    assert timeline(kept)["watchedSeconds"] == pytest.approx(viewer.total(), abs=0.01)


@given(ACTIONS, st.booleans(), st.randoms(use_true_random=False))
def test_skipped_video_is_not_counted_beyond_the_tolerance_for_clocks(actions, tells_seeks, random):
    viewer = Viewer(tells_seeks).act(actions)
    kept = [event for event in viewer.events if event["type"] != "ping" or random.random() < 0.5]
    for node, segments in by_node(walk(kept)).items():
        played = sum(end - start for name, start, end in viewer.watched if name == node.id)
        assert union(segments) <= 1.25 * played + 2 * (1 + count(actions, "seek"))
