"""How events are stored, as a model: random orders of everybody's steps, with a death at any of them.

Every `yield` stands between two calls to the database: there another process may take its turn, or this one dies. What
one call does to one document is one step. The controls leave out one part of the protocol each, and must lose something
somewhere; a part that could be left out would not be needed.
"""

import random
from collections.abc import Generator, Iterator
from typing import NamedTuple

from tests.battery.finding import Finding, control

SCHEDULES = 100_000
BOUND = 3  # events that a session holds before an append
IDS = "abcdefgh"
FRESH = "~"  # what the ids begin with that nobody else can have

Steps = Generator[None, None, None]

# What a control leaves out, and what it then is.
PARTS = {
    "replacing": "a move keeps existing events with its ids beside the session",
    "putting back": "a move replaces events with its ids only if they are still beside the session",
    "comparing at the cut": "a move removes events from the session whatever happened since it read",
    "counting cuts": "a move does not raise the counter",
    "searching": "an append looks for its ids only in the session",
    "comparing at the push": "an append pushes whatever happened since it searched",
    "comparing at the end": "a large append is confirmed whatever happened since it inserted",
    "counting batches": "a large append does not raise the counter",
    "reading again": "a large append does not read its events again",
    "counting reliance": "an append that finds its event beside the session does not raise the counter",
    "looking for all": "an append that found some of its ids looks only for the others",
    "the last look of a move": "a move leaves its copies beside a deleted session, and nothing sweeps",
    "the last look of a batch": "a large append does not check whether the session still exists",
}


class Event(NamedTuple):
    content: str
    arrival: str


class Gone(Exception): ...


class Conflict(Exception): ...


class Store:
    """The session's document, and the events beside it."""

    def __init__(self) -> None:
        self.is_alive = True
        self.moved = 0
        self.size = 0
        self.recent: dict[str, Event] = {}
        self.beside: dict[str, Event] = {}


class Protocol:
    """What each process does, with one of PARTS left out."""

    def __init__(self, store: Store, without: str | None = None):
        self.store = store
        self._without = without

    def has(self, part: str) -> bool:
        return part != self._without

    def move(self) -> Steps:
        """Copy the events of a session that was read, then cut them."""
        store = self.store
        if not store.is_alive:
            return
        moved, size, copies = store.moved, store.size, dict(store.recent)
        for name, event in copies.items():
            yield
            there = store.beside.setdefault(name, event)
            if there.arrival != event.arrival and self.has("replacing"):
                yield
                if name in store.beside or self.has("putting back"):
                    store.beside[name] = event
        yield
        is_same = (store.moved, store.size) == (moved, size)
        if store.is_alive and (is_same or not self.has("comparing at the cut")):
            store.recent, store.size = {}, 0
            store.moved += self.has("counting cuts")
            return
        yield
        if not store.is_alive and self.has("the last look of a move"):
            for name in copies:
                store.beside.pop(name, None)

    def push(self, events: dict[str, Event], moved: int) -> Steps:
        """Store a small request in the session, whose counter was `moved` at some time; acknowledged with the end."""
        store, events = self.store, dict(events)
        while True:
            named = {name for name in events if not name.startswith(FRESH)}
            found = {name: store.beside[name] for name in named & store.beside.keys()} if moved else {}
            found = found if self.has("searching") else {}
            yield
            if any(found[name].content != events[name].content for name in found):
                self._refuse_unless_alive()
            new = {name: event for name, event in events.items() if name not in found}
            looked_for = named if self.has("looking for all") else named - found.keys()
            is_same = not named or store.moved == moved or not self.has("comparing at the push")
            is_free = store.size < BOUND or not new
            if store.is_alive and is_same and is_free and not looked_for & store.recent.keys():
                store.recent |= new
                store.size += len(new)
                store.moved += bool(found) and self.has("counting reliance")
                return
            yield
            if not store.is_alive:
                raise Gone
            moved, events = store.moved, self._left(events, named)
            is_full = store.size >= BOUND
            if not events:
                yield
                if not store.is_alive:
                    raise Gone
                return
            if is_full:
                yield from self.move()

    def insert(self, events: dict[str, Event], _: int) -> Steps:
        """Store a large request beside the session; acknowledged with the end."""
        store, moved = self.store, self.store.moved
        if not store.is_alive:
            raise Gone
        left = self._left(events, set(events))
        for name, event in left.items():
            yield
            if store.beside.setdefault(name, event).content != event.content:
                yield
                self._refuse_unless_alive()
        while True:
            yield
            is_same = store.moved == moved or not self.has("comparing at the end")
            is_alive = store.is_alive or not self.has("the last look of a batch")
            if is_alive and is_same and not left.keys() & store.recent.keys():
                store.moved += self.has("counting batches")
                return
            yield
            if not store.is_alive:
                yield
                for name in events:
                    store.beside.pop(name, None)
                raise Gone
            moved, recent = store.moved, dict(store.recent)
            for name in [name for name in left if name in recent and recent[name].content != left[name].content]:
                yield
                if store.beside.get(name) == left[name]:
                    del store.beside[name]
                raise Conflict
            left = {name: event for name, event in left.items() if name not in recent}
            for name, event in left.items() if self.has("reading again") else ():
                yield
                if name in store.beside and store.beside[name].content != event.content:
                    raise Conflict

    def delete(self) -> Steps:
        """Put a tombstone in the session's place, then remove its events."""
        store = self.store
        if not store.is_alive:
            raise Gone
        store.is_alive, store.recent = False, {}
        for name in list(store.beside):
            yield
            store.beside.pop(name, None)

    def read(self) -> Generator[None, None, dict[str, str]]:
        """Take the session first, and what is beside it only where something may be."""
        store = self.store
        if not store.is_alive:
            raise Gone
        found, moved = dict(store.recent), store.moved
        if moved:
            for name in sorted(store.beside):
                yield
                if name in store.beside:
                    found.setdefault(name, store.beside[name])
        return {name: event.content for name, event in found.items()}

    def _left(self, events: dict[str, Event], named: set[str]) -> dict[str, Event]:
        recent = self.store.recent
        if any(recent[name].content != events[name].content for name in named & recent.keys()):
            raise Conflict
        return {name: event for name, event in events.items() if name not in recent}

    def _refuse_unless_alive(self) -> None:
        if not self.store.is_alive:
            raise Gone
        raise Conflict


class Schedule:
    """One random order of appends, moves, reads and perhaps a deletion, and what went wrong in it."""

    def __init__(self, seed: int, without: str | None):
        self._chance = random.Random(seed)
        self._store = Store()
        self._protocol = Protocol(self._store, without)
        self._acknowledged: dict[str, str] = {}
        self._is_deleted = False
        self.wrong: list[str] = []
        is_swept = without not in ("the last look of a move", "the last look of a batch")
        self._run(is_swept)

    def _run(self, is_swept: bool) -> None:
        chance = self._chance
        running: list[tuple[bool, Steps]] = [(True, self._append(number)) for number in range(chance.randint(3, 7))]
        running += [(True, self._protocol.move()) for _ in range(chance.randint(0, 2))]
        running += [(False, self._read()) for _ in range(2)]
        if chance.random() < 0.3:
            running.append((True, self._delete()))
        while running:
            place = chance.randrange(len(running))
            may_die, steps = running[place]
            if is_swept and may_die and chance.random() < 0.02 or next(steps, "ended") == "ended":
                del running[place]
        if self._store.is_alive:
            for _ in self._read():
                pass
            if self._store.size != len(self._store.recent):
                self.wrong.append("the size is wrong")
        elif not is_swept and self._store.beside:
            self.wrong.append("left behind")

    def _append(self, number: int) -> Steps:
        chance = self._chance
        names = [*chance.sample(IDS, chance.choice((1, 1, 1, 2))), *[f"{FRESH}{number}"] * (chance.random() < 0.3)]
        contents = {name: "y" if chance.random() < 0.25 else "x" for name in names}
        seen = 0 if chance.random() < 0.5 else self._store.moved
        store = chance.choice([self._protocol.push, self._protocol.push, self._protocol.insert])
        for again in range(3):
            events = {name: Event(content, f"{number}.{again}") for name, content in contents.items()}
            if again:  # whoever sends again made other fresh ids
                events = {name: event for name, event in events.items() if not name.startswith(FRESH)}
            try:
                yield from store(events, seen)
            except (Gone, Conflict):
                return
            for name, event in events.items():
                if self._acknowledged.setdefault(name, event.content) != event.content:
                    self.wrong.append(f"{name} acknowledged with two contents")
            if chance.random() < 0.5:
                return
            yield

    def _read(self) -> Steps:
        before, was_deleted = dict(self._acknowledged), self._is_deleted
        try:
            found = yield from self._protocol.read()
        except Gone:
            return
        if was_deleted:
            self.wrong.append("read after it was deleted")
        if self._store.is_alive:  # else a part of it may be gone, and the reader breaks off
            self.wrong += [f"{name} is {found.get(name)}" for name in before if found.get(name) != before[name]]

    def _delete(self) -> Steps:
        try:
            yield from self._protocol.delete()
        except Gone:
            return
        self._is_deleted = True


def wrong(schedules: int, without: str | None = None) -> int:
    """Return in how many schedules something went wrong."""
    return sum(bool(Schedule(seed, without).wrong) for seed in range(schedules))


def until_wrong(schedules: int, without: str) -> int | None:
    """Return the first schedule in which something went wrong."""
    return next((seed for seed in range(schedules) if Schedule(seed, without).wrong), None)


def experiments() -> Iterator[Finding]:
    """Run the model as it is, and without each of its parts."""
    count = wrong(SCHEDULES)
    yield Finding(f"model of the storage, {SCHEDULES} random schedules", f"{count} wrong", count == 0)
    for part, told in PARTS.items():
        seed = until_wrong(SCHEDULES, part)
        figures = "never wrong" if seed is None else f"wrong in schedule {seed}"
        yield control(f"the model without {part}: {told}", figures, seed is None)
