"""The repository itself, one database call at a time: random orders of everybody's calls, with a death at any of them.

As the model of the storage (see protocol), but of the code. Every process is a thread that waits before each of its
calls to the database for its turn; one that dies never makes the next. The database is one in memory, or a real one.
"""

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import mongomock

from tests.battery.finding import Finding, control
from tests.databases import event
from videosession import instants
from videosession.database import Database
from videosession.errors import Conflict, NotFound
from videosession.sessions.appends import Appends
from videosession.sessions.events import Events, _beside
from videosession.sessions.removal import Removal
from videosession.sessions.repository import SessionRepository

SCHEDULES = 1500
BOUND = 400  # bytes of events in a session before an append: two or three
LARGE_TEXT = "x" * BOUND
IDS = "abcdefgh"


class Unlocked:
    """A lock that everybody has."""

    def acquire(self, **_: object) -> bool:
        return True

    def release(self) -> None: ...


class Killed(BaseException):
    """What a process is told that is to die."""


class Process(threading.Thread):
    """Does something, and stops before each call to the database until it is its turn."""

    def __init__(self, deed: Callable[[], None]):
        super().__init__(daemon=True)
        self._deed = deed
        self._turn, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._is_to_die = False
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.wait()
            self._deed()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001, whoever started it is told
            self.error = error
        finally:
            self.is_done = True
            self._stopped.release()

    is_done = False

    def wait(self) -> None:
        """Say that this has come to its next call, and wait for its turn."""
        self._stopped.release()
        self._turn.acquire()
        if self._is_to_die:
            raise Killed

    def step(self, *, die: bool = False) -> None:
        """Let it make one call, or die before it."""
        self._is_to_die = die
        self._turn.release()
        self._stopped.acquire()
        if self.error:
            raise self.error

    def begin(self) -> None:
        self.start()
        self._stopped.acquire()


class Stepped:
    """A collection that is called when it is the caller's turn."""

    def __init__(self, collection):
        self._collection = collection

    def __getattr__(self, name: str):
        method = getattr(self._collection, name)

        def call(*arguments, **options):
            if isinstance(process := threading.current_thread(), Process):
                process.wait()
            result = method(*arguments, **options)
            return list(result) if name == "find" else result

        return call


class SteppedDatabase(Database):
    """The two collections, called by turns."""

    @property
    def sessions(self):
        return Stepped(super().sessions)

    @property
    def events(self):
        return Stepped(super().events)


class NotPutBack(Events):
    def copy(self, session_id, events):
        there = {each["eventId"]: each for each in self.insert(session_id, events)}
        for stored in self.stored(session_id, there):
            each = _beside(session_id, there[stored["eventId"]])
            self._database.events.replace_one({"_id": each["_id"]}, each)


class NotReplaced(Events):
    def copy(self, session_id, events):
        self.insert(session_id, events)


class NotCounted(Appends):
    """Raises the counter for nothing."""

    def _updated(self, where, changes):
        kept = {name: value for name, value in changes.get("$inc", {}).items() if name != "moved"}
        others = {name: value for name, value in changes.items() if name != "$inc"}
        return super()._updated(where, others | ({"$inc": kept} if kept else {}))


class NotCompared(Appends):
    """Acknowledges whatever happened since it searched."""

    def _updated(self, where, changes):
        return super()._updated({name: value for name, value in where.items() if name != "moved"}, changes)


class NotLookedFor(Appends):
    """Does not look for its ids in the session."""

    def _updated(self, where, changes):
        return super()._updated({name: value for name, value in where.items() if name != "ids"}, changes)


class NotLastLook(Appends):
    """Confirms nothing that it inserted."""

    def _confirm(self, *arguments) -> None: ...


# Each leaves out something, of the appends or of the events beside a session.
WEAKENED: dict[str, tuple[type[Appends], type[Events]]] = {
    "putting copies back that were removed": (Appends, NotPutBack),
    "replacing what was never acknowledged": (Appends, NotReplaced),
    "counting": (NotCounted, Events),
    "comparing the count": (NotCompared, Events),
    "looking for the ids": (NotLookedFor, Events),
    "the last look": (NotLastLook, Events),
}


class Schedule:
    """One random order of appends, reads and perhaps a deletion by several processes, and what went wrong in it."""

    def __init__(self, seed: int, store, appends: type[Appends] = Appends, beside: type[Events] = Events):
        self._chance = random.Random(seed)
        self._store = store
        self._weak = (appends, beside)
        ticks = itertools.count(instants.now())
        self._clock = lambda: next(ticks)
        self._acknowledged: dict[str, dict] = {}
        self._is_deleted = False
        self.wrong: list[str] = []
        self._session_id = self._process().create(owner="alice", title="T", description="")["_id"]
        self._run()

    def _process(self) -> SessionRepository:
        database = SteppedDatabase(str, self._store)
        sessions = SessionRepository(database, self._clock, BOUND)
        appends, beside = self._weak
        sessions._appends = appends(database, self._clock, BOUND)
        sessions._appends._events = beside(database)
        sessions._appends._moving = [cast(Any, Unlocked())]  # here other threads stand for other processes, too
        return sessions

    def _run(self) -> None:
        chance = self._chance
        warm = self._process()
        deeds = [self._appending(chance.choice([warm, self._process()])) for _ in range(chance.randint(3, 6))]
        deeds += [self._read] * 2
        if chance.random() < 0.3:
            deeds.append(self._delete)
        running = [Process(deed) for deed in deeds]
        for process in running:
            process.begin()
        dying = chance.choice([0, 0.02])
        while running:
            process = chance.choice(running)
            process.step(die=chance.random() < dying)
            if process.is_done:
                running.remove(process)
        self._look_at_what_is_left(is_swept=dying > 0)

    def _look_at_what_is_left(self, *, is_swept: bool) -> None:
        if is_swept:  # whoever dies leaves what it was at to the sweep, and nobody else does
            Removal(Database(str, self._store), self._clock).sweep()
        if self._is_there():
            self._read()
        elif self._store.events.count_documents({}):
            self.wrong.append("left behind")

    def _is_there(self) -> bool:
        return "deletedAt" not in self._store.sessions.find_one({"_id": self._session_id})

    def _appending(self, sessions: SessionRepository) -> Callable[[], None]:
        chance = self._chance
        is_large = chance.random() < 0.4
        sent = [self._event(name, is_large) for name in chance.sample(IDS, chance.choice((1, 1, 2)))]
        if chance.random() < 0.3:
            sent.append(event("fresh"))
        times = chance.randint(1, 3)

        def append() -> None:
            for _ in range(times):
                try:
                    told = sessions.append(self._session_id, [dict(each) for each in sent], owner="alice")
                except (NotFound, Conflict):
                    return
                for each in told:
                    if self._acknowledged.setdefault(each["eventId"], each) != each:
                        self.wrong.append(f"{each['eventId']} acknowledged with two contents")
                sent[:] = [each for each in sent if "eventId" in each] or sent

        return append

    def _event(self, name: str, is_large: bool) -> dict:
        content = self._chance.choice("xxxy")
        return event(content, text=LARGE_TEXT if is_large else "") | {"eventId": name}

    def _read(self) -> None:
        before, was_deleted = dict(self._acknowledged), self._is_deleted
        try:
            batches = list(self._process().read(self._session_id, owner="alice").events)
        except NotFound:
            return
        found = [each for batch in batches for each in batch]
        by_id = {each["eventId"]: each for each in found}
        if was_deleted:
            self.wrong.append("read after it was deleted")
        if len(by_id) != len(found):
            self.wrong.append("one is there twice")
        if self._is_there():  # else a part of it may be gone
            self.wrong += [f"{name} is not what was acknowledged" for name in before if by_id.get(name) != before[name]]

    def _delete(self) -> None:
        self._process().delete(self._session_id, owner="alice")
        self._is_deleted = True


def until_wrong(schedules: int, **weak) -> tuple[int, list[str]] | None:
    """Return the first schedule in which something went wrong, and what that was."""
    client = mongomock.MongoClient()
    for seed in range(schedules):
        if wrong := Schedule(seed, client[f"schedule{seed}"], **weak).wrong:
            return seed, wrong
        client.drop_database(f"schedule{seed}")
    return None


def experiments() -> Iterator[Finding]:
    """Run the repository as it is, and without parts of it."""
    found = until_wrong(SCHEDULES)
    what = f"the repository, one database call at a time, {SCHEDULES} random schedules with crashes"
    yield Finding(what, "0 wrong" if found is None else f"schedule {found[0]}: {found[1][0]}", found is None)
    for part, (appends, beside) in WEAKENED.items():
        found = until_wrong(2 * SCHEDULES, appends=appends, beside=beside)
        figures = "never wrong" if found is None else f"schedule {found[0]}: {found[1][0]}"
        yield control(f"the same without {part}", figures, found is None)
