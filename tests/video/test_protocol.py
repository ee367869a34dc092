"""The protocol of results and daily sums as a model: random schedules with crashes, and what fails where it is weaker.

Two days of one video, sessions whose events are a number. Actors are generators, a step a yield; one that is dropped
has crashed. Now and then, and after each schedule, a request does what `Days.film` does, while workers and other
requests go on, and must tell the truth: all that was acknowledged, and of what was not at least nothing else. What was
purged must be in no sum afterwards, and retention must not remove what an append was acknowledged in.
"""

import random
from itertools import chain

import pytest

SCHEDULES = 8_000
WEAKENED_SCHEDULES = 4_000
DAYS = (0, 1)
ELSEWHERE = 2  # the days of another video
ACTORS = {
    "append": 14, "patch": 8, "move": 8, "create": 8, "delete": 8, "retention": 2, "purge": 1, "sweep": 2,
    "worker": 24, "rebuild": 10,
}  # fmt: skip
CHANGE_NO_SESSION = {"worker", "rebuild", "sweep"}


def new_session(day, due=None):
    return {"day": day, "events": 0, "revision": 0, "viewer": 0, "version": 0, "due": due, "owes": set(),
            "result": None, "untold": set()}  # fmt: skip


class World:
    def __init__(self, chance, weakened=None):
        self.chance, self.weakened = chance, weakened
        self.sessions = {name: new_session(name % 2, due=name) for name in range(4)}
        self.tombstones = []
        self.sums = {}
        self.made = 10
        self.running = []  # what an actor is called, and its steps
        self.purged, self.gone, self.is_lost = set(), [], False

    def new(self):
        self.made += 1
        return self.made

    # What changes sessions

    def append(self, name):
        if session := self.sessions.get(name):
            session["events"] += 1
            session["revision"] = self.new()
            session["due"] = self.new() if session["due"] is None else session["due"]
        yield

    def patch(self, name):
        if session := self.sessions.get(name):
            session.update(viewer=session["viewer"] + 1, version=self.new())
            if self.weakened != "a PATCH that is not due":
                session["due"] = self.new()
        yield

    def move(self, name):
        if session := self.sessions.get(name):
            old = session["day"]
            session.update(day=name % 2 if old == ELSEWHERE else ELSEWHERE, version=self.new(), due=self.new())
            session["untold"].add(old)
            if self.weakened != "a PATCH that owes nothing":
                session["owes"].add(old)
            yield
            self.tell([old])
            session["untold"].discard(old)
        yield

    def create(self, name):
        """Add a session to a day, as an import does."""
        due = None if self.weakened == "a new session that is not due" else self.new()
        self.sessions.setdefault(4 + name % 4 if name in self.sessions else name, new_session(name % 2, due))
        yield

    def delete(self, name):
        if session := self.sessions.get(name):
            yield from self.bury(name, session, self.owed(session), session["version"])

    def retention(self, name):
        if session := self.sessions.get(name):
            seen, owed, version = session["events"], self.owed(session), session["version"]
            yield
            is_unused = session["events"] == seen
            if is_unused or self.weakened == "retention without its condition":
                self.is_lost |= not is_unused and self.sessions.get(name) is session
                yield from self.bury(name, session, owed, version)

    def owed(self, session):
        return session["owes"] | {session["day"]}

    def bury(self, name, session, owed, version):
        yield
        if self.sessions.get(name) is not session:
            return
        if session["version"] != version and self.weakened != "a tombstone of what has moved since it was read":
            return
        del self.sessions[name]
        self.gone.append(session)  # so that no other gets its id
        tombstone = {"owes": set(owed), "untold": session["untold"] | {session["day"]}}
        if self.weakened == "a tombstone that owes nothing":
            tombstone["owes"] = set()
        self.tombstones.append(tombstone)
        yield
        self.tell(owed)
        tombstone["untold"] = set()
        yield
        tombstone["owes"] = set()

    def sweep(self):
        for tombstone in self.tombstones:
            self.tell(tombstone["owes"])
            tombstone["untold"] = set()
            yield
            tombstone["owes"] = set()

    def purge(self):
        if self.weakened == "sums purged before the sessions":
            self.sums = {}
            yield
        gone = set()
        for name, session in list(self.sessions.items()):
            for _ in self.bury(name, session, self.owed(session), session["version"]):
                yield
            if self.sessions.get(name) is not session:
                gone.add(id(session))
        if self.weakened == "sums purged whoever lives":
            self.sums = {}
        elif self.weakened != "sums purged before the sessions":
            for kept in self.sums.values():
                kept.update(token=self.new(), clean=None, version=self.new(), value=0, of=set())
            yield
            tokens = {day: kept["token"] for day, kept in self.sums.items()}
            yield
            living = {day for session in self.sessions.values() for day in self.owed(session)}
            yield
            for day in tokens.keys() - living:
                if day in self.sums and self.sums[day]["token"] == tokens[day]:
                    del self.sums[day]
        self.purged |= gone

    def tell(self, days):
        """Tell the sums that there are."""
        for day in days:
            if day in self.sums:
                self.sums[day]["token"] = self.new()

    def note(self, days):
        for day in days:
            if day in DAYS and (day in self.sums or self.weakened != "a day that nobody notes"):
                made = {"token": 0, "clean": None, "version": self.new(), "value": 0, "covers": None, "of": set()}
                self.sums.setdefault(day, made)["token"] = self.new()

    # What only makes results and sums

    def worker(self, name):
        session = self.sessions.get(name)
        if not session or session["due"] is None:
            return
        session["due"] = lease = self.new()
        yield
        if self.weakened == "events before the document":
            events = session["events"]
            yield
        revision, version, owed = session["revision"], session["version"], self.owed(session)
        if self.weakened != "events before the document":
            yield
            events = session["events"]  # perhaps newer than the revision
        yield
        if self.sessions.get(name) is not session:
            return
        token = self.new()
        if session["revision"] == revision or self.weakened == "a result without its condition":
            of = session["revision"] if self.weakened == "a result without its condition" else revision
            session["result"] = {"of": of, "events": events, "token": token}
        yield
        if self.weakened == "due unset before the sum is told":
            self.unset(session, lease, revision, version, token)
            yield
        self.note(owed)
        session["untold"] -= owed
        yield
        self.unset(session, lease, revision, version, token)

    @staticmethod
    def unset(session, lease, revision, version, token):
        result = session["result"]
        is_same = (session["due"], session["revision"], session["version"]) == (lease, revision, version)
        if is_same and result and result["token"] == token:
            session.update(due=None, owes=set())

    def rebuild(self, day):
        """Make a sum anew, and return what it tells."""
        if day not in self.sums:
            self.note([day])
            yield
        if day not in self.sums:
            return sum(self.value(each) for each in self.sessions.values() if each["day"] == day)
        token, version = self.sums[day]["token"], self.sums[day]["version"]
        yield
        there = {name: session for name, session in self.sessions.items() if session["day"] == day}
        value = sum(map(self.value, there.values()))
        covers, of = self.covered(day), {id(session) for session in there.values()}
        for _ in range(self.chance.choice([1, 20])):  # folding takes its time
            yield
        kept = self.sums.get(day)
        if not kept or kept["version"] != version:
            return value
        if not there:
            if kept["token"] == token or self.weakened == "an empty day forgotten whatever its token":
                del self.sums[day]
            return value
        if self.weakened == "a sum clean without the token read":
            token = kept["token"]
        if self.weakened == "adding differences":
            value += kept["value"]
        kept.update(clean=token, version=self.new(), value=value, covers=covers, of=of)
        return value

    def value(self, session):
        result = session["result"]
        events = result["events"] if result and result["of"] == session["revision"] else session["events"]
        return 1000 * events + 10 * session["viewer"] + 1

    def covered(self, day):
        """Return the sessions of a day that are due, each as it is."""
        return {
            (id(session), session["revision"], session["version"])
            for session in self.sessions.values()
            if session["day"] == day and session["due"] is not None
        }

    def request(self):
        """Tell what a request does."""
        if self.weakened == "tokens read before what is due":
            noted = {day: dict(kept) for day, kept in self.sums.items()}
            yield
        due = {day: self.covered(day) for day in DAYS}
        yield
        if self.weakened != "tokens read before what is due":
            noted = {day: dict(kept) for day, kept in self.sums.items()}
        told = dict.fromkeys(DAYS, 0)
        for day in DAYS:
            kept = noted.get(day)
            is_covered = kept and (kept["covers"] == due[day] or self.weakened == "what is due is not looked at")
            if kept and kept["clean"] == kept["token"] and is_covered:
                told[day] = kept["value"]
            elif kept or due[day]:
                told[day] = yield from self.rebuild(day)
        return told

    def between(self):
        """Let others go on that change no session."""
        for name, steps in self.chance.sample(self.running, len(self.running)):
            for _ in range(self.chance.choice([0, 1, 3, 25]) if name in CHANGE_NO_SESSION else 0):
                next(steps, None)

    def is_told(self):
        """Return whether a request tells the truth, but for days of which something is not acknowledged yet."""
        sure = set(DAYS).difference(*(each["untold"] for each in [*self.tombstones, *self.sessions.values()]))
        told = None
        steps = self.request()
        while told is None:
            try:
                next(steps)
            except StopIteration as end:
                told = end.value
            self.between()
        truth = {
            day: sum(
                1000 * session["events"] + 10 * session["viewer"] + 1
                for session in self.sessions.values()
                if session["day"] == day
            )
            for day in DAYS
        }
        return all(told[day] == truth[day] for day in sure)

    def finish(self):
        """Sweep, and do what is due."""
        for _ in self.sweep():
            pass
        for name, session in list(self.sessions.items()):
            while session["due"] is not None:
                for _ in self.worker(name):
                    pass


def chosen(world, name):
    """Return what an actor is about: rather one session than others, and for a worker one that is due."""
    if name in ("purge", "sweep"):
        return []
    if name == "rebuild":
        return [world.chance.choice(DAYS)]
    due = [each for each, session in world.sessions.items() if session["due"] is not None and name == "worker"]
    return [world.chance.choice(due or [0, 0, 0, 1, 2, 3])]


def is_wrong(seed, weakened=None):
    """Run a schedule of actors step by step, some of which crash; whether anything went wrong in it."""
    chance = random.Random(seed)
    world = World(chance, weakened)
    world.finish()
    world.is_told()
    running = world.running
    for _ in range(chance.choice([10, 20, 60])):
        if len(running) < 4:
            [name] = chance.choices(list(ACTORS), ACTORS.values())
            running.append((name, getattr(world, name)(*chosen(world, name))))
        actor = chance.choice(running)
        is_over = chance.random() < 0.1
        for _ in range(chance.choice([1, 1, 3, 8])):  # some are in a hurry, others wait
            is_over = is_over or next(actor[1], "done") == "done"
        if is_over:
            running.remove(actor)
        if chance.random() < 0.05 and not world.is_told():
            return True
    running.clear()
    if not world.is_told():
        return True
    world.finish()
    kept = set().union(*(each["of"] for each in world.sums.values()))
    return world.is_lost or bool(kept & world.purged) or not world.is_told()


@pytest.mark.processes
def test_every_schedule_gives_correct_answers():
    assert [seed for seed in range(SCHEDULES) if is_wrong(seed)] == []


@pytest.mark.parametrize(
    "weakened",
    [
        "a result without its condition",
        "due unset before the sum is told",
        "a PATCH that is not due",
        "a PATCH that owes nothing",
        "a tombstone that owes nothing",
        "a new session that is not due",
        "retention without its condition",
        "sums purged before the sessions",
        "sums purged whoever lives",
        "a sum clean without the token read",
        "a day that nobody notes",
        "tokens read before what is due",
        "what is due is not looked at",
        "events before the document",
        "adding differences",
    ],
)
def test_each_weaker_protocol_gives_a_wrong_answer(weakened):
    assert any(is_wrong(seed, weakened) for seed in range(WEAKENED_SCHEDULES))


def run(steps, most=100):
    for _ in range(most):
        if next(steps, "done") == "done":
            return


def moved_while_it_is_deleted(world):
    run(world.move(0))
    world.finish()
    deleting = world.delete(0)
    next(deleting)
    run(world.move(0))
    world.finish()
    yield
    run(deleting)


def added_while_an_empty_day_is_made_anew(world):
    for name in (0, 2):
        run(world.delete(name))
    yield
    rebuilding = world.rebuild(0)
    run(rebuilding, 3)
    run(world.create(0))
    world.finish()
    run(rebuilding)


# Too rare to be met by chance.
NARROW = {
    "a tombstone of what has moved since it was read": moved_while_it_is_deleted,
    "an empty day forgotten whatever its token": added_while_an_empty_day_is_made_anew,
}


@pytest.mark.parametrize(("weakened", "schedule"), NARROW.items(), ids=NARROW)
def test_a_rare_schedule_is_correct_but_not_with_the_weaker_protocol(weakened, schedule):
    told = {}
    for each in (None, weakened):
        world = World(random.Random(1), each)
        world.finish()
        told[each] = all(world.is_told() for _ in chain([0], schedule(world), [0]))
    assert told == {None: True, weakened: False}
