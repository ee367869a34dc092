"""The heatmap of a video, by sessions or by viewers."""

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field
from videosession.videos.schemas.population import COUNTED, About, NodeLength, Population


class Range(Shape):
    from_ = field.number("Where the range begins, in seconds.", data_key="from")
    to = field.number("Where the range ends, in seconds.")
    peak = field.number("Where the largest bin of the range begins (the first of equals).")


class TimeRange(Range):
    seconds = field.number("The time watched in the range.")


class CountRange(Range):
    count = field.count("The count in the range.")


class Bins(Shape):
    watched_seconds = field.numbers("Seconds watched in each bin, including repeats.")
    watched_seconds.data_key = "watchedSeconds"
    unique_seconds = field.numbers("The same without repeats within a session.")
    unique_seconds.data_key = "uniqueSeconds"
    watch_ratio = field.numbers(
        "`watchedSeconds` divided by the time that all views need to watch the bin once.", none=True
    )
    watch_ratio.data_key = "watchRatio"
    retention = field.numbers("The same without repeats: the share of views that are still watching.", none=True)
    retention_of_node = field.numbers("The same among the views that saw the node.", none=True)
    retention_of_node.data_key = "retentionOfNode"


class HeatmapNode(NodeLength, Bins):
    views = field.counts("Segments in each bin, including repeats.")
    sessions = field.counts("Views with at least one segment in the bin.")
    beyond_seconds = field.number("Seconds watched beyond the last bin.", data_key="beyondSeconds")
    rewatchers = field.counts("Views with at least two segments in the bin.")
    exits = field.counts("Views that are over and whose last segment ends in the bin.")
    finishes = field.counts("Of these, those that reached the end of the node.")
    seek_from = field.counts("Jumps that begin in the bin.")
    seek_from.data_key = "seekFrom"
    seek_to = field.counts("Jumps that end in the bin.")
    seek_to.data_key = "seekTo"
    skipped = field.counts("Views that jumped over the whole bin and never watched it.")
    drop_rate = field.numbers("Exits that are not finishes, as a share of `sessions`.", none=True)
    drop_rate.data_key = "dropRate"
    replayed = field.some(TimeRange, f"What is watched again: {field.RANGES}.")
    drop_offs = field.some(CountRange, f"Where viewers leave before the end: {field.RANGES}.", data_key="dropOffs")
    skipped_ranges = field.some(CountRange, f"What is skipped: {field.RANGES}.", data_key="skippedRanges")
    seek_targets = field.some(CountRange, f"Where viewers jump to: {field.RANGES}.", data_key="seekTargets")


class _Heatmap(About, Population):
    per = field.text("What is counted: `session` or `viewer`.")
    bin_seconds = field.number(
        "The width of a bin in seconds; a node's last bin ends with the node.", data_key="binSeconds"
    )
    nodes_omitted = field.optional(field.OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    bins_omitted = field.optional(field.OMITTED_BINS)
    bins_omitted.data_key = "binsOmitted"


TIMES = {
    "watchedSeconds": [26.0, 19.0, 15.0, 20.0],
    "uniqueSeconds": [20.0, 16.0, 15.0, 15.0],
    "watchRatio": [1.3, 0.95, 0.75, 1.0],
    "retention": [1.0, 0.8, 0.75, 0.75],
    "retentionOfNode": [1.0, 0.8, 0.75, 0.75],
}
INTRO = {"node": "intro", "lengthSeconds": 20.0, "lengthKnown": True}


class Heatmap(_Heatmap):
    nodes = field.some(HeatmapNode, "The nodes visited or planned; each list has one entry per bin.")
    example = {
        **COUNTED,
        "per": "session",
        "binSeconds": 5.0,
        "nodes": [
            {
                **INTRO,
                "otherLengths": 0,
                "seenBy": 4,
                "views": [6, 5, 3, 4],
                "sessions": [4, 4, 3, 3],
                **TIMES,
                "beyondSeconds": 0.0,
                "rewatchers": [2, 1, 0, 1],
                "exits": [0, 0, 0, 0],
                "finishes": [0, 0, 0, 0],
                "seekFrom": [0, 2, 0, 0],
                "seekTo": [1, 0, 0, 1],
                "skipped": [0, 0, 0, 0],
                "dropRate": [0.0, 0.0, 0.0, 0.0],
                "replayed": [],
                "dropOffs": [],
                "skippedRanges": [],
                "seekTargets": [],
            }
        ],
    }


class ViewerHeatmapNode(NodeLength, Bins):
    views = field.counts("Segments in each bin, including repeats.")
    viewers = field.counts("Viewers with at least one segment in the bin.")
    beyond_seconds = field.number("Seconds watched beyond the last bin.", data_key="beyondSeconds")


class ViewerHeatmap(_Heatmap):
    """The heatmap by viewers: all sessions of a viewer count as one."""

    nodes = field.some(ViewerHeatmapNode, "The nodes visited or planned; each list has one entry per bin.")
    example = {
        **COUNTED,
        "per": "viewer",
        "binSeconds": 5.0,
        "nodes": [
            {
                **INTRO,
                "otherLengths": 0,
                "seenBy": 3,
                "views": [6, 5, 3, 4],
                "viewers": [3, 3, 2, 2],
                **TIMES,
                "beyondSeconds": 0.0,
            }
        ],
    }
