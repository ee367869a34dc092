"""The fields that all answers about videos share."""

from marshmallow import fields

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field


class About(Shape):
    video_id = field.text("The video's id.", data_key="videoId")
    pending = field.count(field.PENDING)


class Population(Shape):
    sessions = field.count("Sessions of the video that match the time range and the filters.")
    views = field.count("Those sessions in which something was watched. Shares are shares of views.")
    viewers = field.count(
        "Distinct viewers of the views, by `metadata.viewerId`; a session without one counts as a viewer."
    )
    open = field.count("Views that may continue: not ended, and with an event in the last 30 minutes.")
    clipped = field.optional("Views so long that only their beginning counts; absent if none.")


class NodeLength(Shape):
    node = field.node()
    length_seconds = field.number(
        "The node's length: from the plan, else the one that most views report.", data_key="lengthSeconds"
    )
    length_known = field.flag("Whether the plan or a view has the length.", data_key="lengthKnown")
    other_lengths = field.count(
        "Views with a length that differs by more than 1 s and more than 1 %.", data_key="otherLengths"
    )
    seen_by = field.count(
        "Views (or viewers, if viewers are counted) that watched something of the node.", data_key="seenBy"
    )


class FewCoverage(Shape):
    mean = field.share("The mean share of the visited nodes that a view watched.")
    median_percent = fields.Integer(
        required=True,
        allow_none=True,
        data_key="medianPercent",
        metadata={"description": "The smallest percentage that at least half of the views do not exceed."},
    )


class GroupCoverage(FewCoverage):
    unknown_views = field.count("Views whose coverage is unknown, because a length is unknown.", data_key="unknown")


class Ending(Shape):
    node = field.node("The last node of the path.")
    sessions = field.count("Views that are over and ended at this node.")
    finished = field.count("Those of them that watched the node to its end: its last 30 s or 5 %, whichever is less.")


class Times(Shape):
    watched_seconds = field.number("Seconds watched, including repeats.", data_key="watchedSeconds")
    unique_seconds = field.number("Seconds watched, without repeats within a session.", data_key="uniqueSeconds")


class Averages(Shape):
    average_watched_seconds = field.share("Average seconds watched per view.")
    average_watched_seconds.data_key = "averageWatchedSeconds"
    average_unique_seconds = field.share("Average seconds watched per view, without repeats.")
    average_unique_seconds.data_key = "averageUniqueSeconds"


class Completed(Shape):
    completed = field.count("Views whose coverage is at least the threshold.")
    completed_share = field.share("The same as a share of views.")
    completed_share.data_key = "completedShare"


NEVER_VISITED = fields.List(
    fields.String(),
    required=True,
    allow_none=True,
    data_key="neverVisited",
    metadata={"description": "Planned nodes that no view visited; null without a plan of nodes."},
)

COUNTED = {"videoId": "film-1", "pending": 0, "sessions": 5, "views": 4, "viewers": 3, "open": 1}
