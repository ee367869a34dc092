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
# Where sessions are kept for a time only, to find those whose time is over.
RETENTION_INDEX = IndexModel([("createdAt", ASCENDING)], name="oldest")
EVENT_INDEXES = [
    IndexModel([("session", ASCENDING), ("instant", ASCENDING), ("arrival", ASCENDING)], name="session_order"),
    # Without it the two events of a type among 100 000 take 160 ms on secantusd-rs and seconds on SecantusDB, with it
    # 1 ms; storing a large batch takes a third longer. (tests/benchmark/by_type.py)
    IndexModel(
        [("session", ASCENDING), ("type", ASCENDING), ("instant", ASCENDING), ("arrival", ASCENDING)],
        name="session_type_order",
    ),
]
