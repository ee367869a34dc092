"""A worker as one would write it first: it adds what a session has more to a sum, then notes that it did.

`python -m tests.video.adding_worker URI DATABASE [--once]`; killed between the two, it adds the same again.
"""

import sys
import time

import pymongo


def work(database: pymongo.database.Database) -> int:
    done = 0
    for session in list(database.sessions.find({"due": {"$gt": 0}})):
        events = len(session.get("ids", []))
        database.added.update_one({"_id": "events"}, {"$inc": {"sum": events - session.get("added", 0)}}, upsert=True)
        time.sleep(0.05)
        where = {"_id": session["_id"], "revision": session["revision"]}
        database.sessions.update_one(where, {"$set": {"added": events}, "$unset": {"due": ""}})
        done += 1
    return done


if __name__ == "__main__":
    _, uri, name, *once = sys.argv
    with pymongo.MongoClient(uri) as client:
        while work(client[name]) or not once:
            time.sleep(0.01)
