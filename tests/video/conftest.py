"""What the tests of whole videos share: the repositories on a real server, by a clock of their own."""

import pytest

from tests.video.watching import Clock
from videosession.database import Database
from videosession.sessions.repository import SessionRepository
from videosession.videos.repository import VideoRepository


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(db):
    return Database(lambda: "", db)


@pytest.fixture
def sessions(database, clock):
    return SessionRepository(database, clock)


@pytest.fixture
def videos(database, sessions, clock):
    return VideoRepository(database, sessions, clock)


@pytest.fixture
def summed(database, sessions, clock):
    """Videos with daily sums from the second session on, with all the time in the world."""
    videos = VideoRepository(database, sessions, clock, most=1)
    videos.sums.know_days()  # of none yet: each is noted when there is word of it
    videos.sums.timer = videos.results._timer = lambda: 0
    return videos


@pytest.fixture
def folded(database, sessions, clock):
    videos = VideoRepository(database, sessions, clock)
    videos.results._timer = lambda: 0
    return videos
