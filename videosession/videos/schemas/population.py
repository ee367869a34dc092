"""What answers of whole videos have in common."""

from marshmallow import fields

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field


class About(Shape):
    video_id = field.text("Which video.", data_key="videoId")
    pending = field.count(field.PENDING)


class Population(Shape):
    sessions = field.count("Sessions of the video, in the range of time, that match the filters.")
    views = field.count("Sessions of them in which something was watched. Shares are of views.")
    viewers = field.count(
        "Distinct viewers of the views, by `metadata.viewerId`; a session without is a viewer of its own."
    )
    open = field.count("Views that may go on: not ended, and with an event in the last 30 minutes.")
    clipped = field.optional("Views so large that only their beginning counts; absent if none.")


class NodeLength(Shape):
    node = field.node()
    length_seconds = field.number("How long it is: by the plan, else as most views say.", data_key="lengthSeconds")
    length_known = field.flag("Whether the plan or a view says how long it is.", data_key="lengthKnown")
    other_lengths = field.count(
        "Views that know another length, by more than 1 s and more than 1 %.", data_key="otherLengths"
    )
    seen_by = field.count("Views (of viewers: viewers) with something watched on it.", data_key="seenBy")


class FewCoverage(Shape):
    mean = field.share("Mean share of what a view visited that it watched.")
    median_percent = fields.Integer(
        required=True,
        allow_none=True,
        data_key="medianPercent",
        metadata={"description": "The least percentage that at least half of the views do not exceed."},
    )


class GroupCoverage(FewCoverage):
    unknown_views = field.count("Views of which it is unknown, for want of a length.", data_key="unknown")


class Ending(Shape):
    node = field.node("The last node of the path.")
    sessions = field.count("Views that ended there and are over.")
    finished = field.count("Of these, those that watched it to its end: its last 30 s or 5 %, whichever is less.")


class Times(Shape):
    watched_seconds = field.number("Time watched, repeats too.", data_key="watchedSeconds")
    unique_seconds = field.number("Time watched, without repeats within a session.", data_key="uniqueSeconds")


class Averages(Shape):
    average_watched_seconds = field.share("Time watched by a view on average.")
    average_watched_seconds.data_key = "averageWatchedSeconds"
    average_unique_seconds = field.share("Time watched by a view on average, without repeats.")
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
