"""The schemas of answers about videos, with a description of every field."""

from videosession.videos.schemas.choices import Choices, Paths
from videosession.videos.schemas.comparison import Comparison
from videosession.videos.schemas.heatmap import Heatmap, ViewerHeatmap
from videosession.videos.schemas.small_groups import FewChoices, FewHeatmap, FewSummary, Suppressed
from videosession.videos.schemas.summary import Summary, Videos

__all__ = [
    "Choices", "Comparison", "FewChoices", "FewHeatmap", "FewSummary", "Heatmap", "Paths", "Summary", "Suppressed",
    "Videos", "ViewerHeatmap",
]  # fmt: skip
