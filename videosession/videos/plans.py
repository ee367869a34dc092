"""The plans of videos, which their authors declare: one document each, replaced as a whole."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from pymongo.errors import DuplicateKeyError

from videosession.database import Database
from videosession.errors import Conflict, NotFound
from videosession.sessions.owed import video_key

Plan = dict[str, Any]
Condition = Callable[[str | None], None]  # raises if the ETag of the stored plan does not meet the request's conditions

_NO_PLAN = "There is no plan of this video."
_CONTENDED = "Others changed the plan at the same moment, each time that it was tried. Nothing was done: try again."
_MOST_TRIES = 20


def tag_of(plan: Plan) -> str:
    """Return a tag that changes whenever the plan does."""
    return hashlib.sha256(orjson.dumps(plan, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


class Plans:
    """The plans of all owners; they outlive the sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, video_id: str, *, owner: str) -> Plan | None:
        """Return the plan of a video, if there is one."""
        with self._database.deadline():
            stored = self._database.plans.find_one({"_id": video_key(owner, video_id)})
        return None if stored is None else stored["plan"]

    def get(self, video_id: str, *, owner: str) -> Plan:
        """Return the plan of a video; NotFound if there is none."""
        plan = self.find(video_id, owner=owner)
        if plan is None:
            raise NotFound(_NO_PLAN)
        return plan

    def put(self, video_id: str, plan: Plan, *, owner: str, condition: Condition) -> bool:
        """Replace the plan, which must meet `condition`, and return whether it is the first."""
        key = video_key(owner, video_id)
        new = {"_id": key, "owner": owner, "videoId": video_id, "plan": plan, "tag": tag_of(plan)}
        with self._database.adding():
            for _ in range(_MOST_TRIES):
                stored = self._database.plans.find_one({"_id": key}, {"tag": 1})
                condition(stored and stored["tag"])
                if self._replaced(stored, new):
                    return stored is None
        raise Conflict(_CONTENDED)

    def _replaced(self, stored: Plan | None, new: Plan) -> bool:
        if stored is not None:
            return bool(self._database.plans.replace_one(stored, new).matched_count)
        try:
            self._database.plans.insert_one(new)
        except DuplicateKeyError:
            return False
        return True

    def delete(self, video_id: str, *, owner: str, condition: Condition) -> None:
        """Remove a plan that meets `condition`; NotFound if there is none."""
        with self._database.deadline():
            for _ in range(_MOST_TRIES):
                stored = self._database.plans.find_one({"_id": video_key(owner, video_id)}, {"tag": 1})
                if stored is None:
                    raise NotFound(_NO_PLAN)
                condition(stored["tag"])
                if self._database.plans.delete_one(stored).deleted_count:
                    return
        raise Conflict(_CONTENDED)

    def forget(self, *, owner: str) -> None:
        """Remove all plans of an owner."""
        with self._database.deadline():
            self._database.plans.delete_many({"owner": owner})
