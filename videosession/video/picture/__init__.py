"""Pictures of whole videos, without scripts or external resources; text from clients is cut, cleaned and escaped."""

from videosession.video.picture.comparison import draw as comparison
from videosession.video.picture.heatmap import draw as heatmap
from videosession.video.picture.sankey import STEPS
from videosession.video.picture.sankey import draw as choices

__all__ = ["STEPS", "choices", "comparison", "heatmap"]
