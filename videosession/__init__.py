"""The session backend for non-linear video: what a viewer's player did, and what it means."""

__version__ = "0.1.0"
