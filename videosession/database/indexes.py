"""The indexes. Without them the service is correct, but slow."""

from pymongo import ASCENDING, DESCENDING, IndexModel

SESSION_INDEXES = [
    IndexModel([("owner", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)], name="owner_newest"),
    IndexModel(
        [("owner", ASCENDING), ("videoId", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)],
        name="owner_video_newest",
    ),
    IndexModel([("deletedAt", ASCENDING)], name="deleted", sparse=True),
    IndexModel([("due", ASCENDING)], name="due", sparse=True),
]
# If sessions expire, the index that finds those whose retention is over.
RETENTION_INDEX = IndexModel([("createdAt", ASCENDING)], name="oldest")
EVENT_INDEXES = [
    IndexModel([("session", ASCENDING), ("instant", ASCENDING), ("arrival", ASCENDING)], name="session_order"),
    # Finding two events of a type among 100 000 takes 1 ms with this index; without it, 160 ms on secantusd-rs and
    # seconds on SecantusDB. Storing a large batch takes a third longer with it. (tests/benchmark/by_type.py)
    IndexModel(
        [("session", ASCENDING), ("type", ASCENDING), ("instant", ASCENDING), ("arrival", ASCENDING)],
        name="session_type_order",
    ),
]
