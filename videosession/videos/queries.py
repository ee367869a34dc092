"""The query parameters of the operations on videos, with all bounds."""

import re
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validate, validates_schema

from videosession import instants
from videosession.contract import exact_json
from videosession.contract.pagination import PageQuery
from videosession.contract.queries import Query, WholeNumber
from videosession.sessions.fields import QueryInstant, Text
from videosession.sessions.schemas import LONGEST_VIDEO_ID
from videosession.video.heatmap import SESSION, VIEWER
from videosession.video.lengths import LADDER
from videosession.video.paths import LIMIT, STEPS
from videosession.video.summary import THRESHOLD_PERCENT

MOST_FILTERS = 3
METADATA = "metadata."
_DECIMAL = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,30}))?", re.ASCII)
_CODES = re.compile(r"[A-Za-z]{1,50}(,[A-Za-z]{1,50}){0,19}", re.ASCII)

Steps = tuple[str, ...]


class Scaled(fields.Integer):
    """A decimal number with few digits after the dot, read as an integer of its smallest unit."""

    def __init__(self, least: float, most: float, digits: int, **options: Any):
        self._digits, self._least, self._most = digits, least, most
        self.described = {"type": "number", "minimum": least, "maximum": most}
        super().__init__(**options)
        error = f"must be a decimal number from {least:g} to {most:g}, with at most {digits} decimals and no exponent"
        self.error_messages["invalid"] = error

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> int:
        said = _DECIMAL.fullmatch(value)
        if not said or len(said[2] or "") > self._digits or not self._least <= float(value) <= self._most:
            raise self.make_error("invalid")
        return int(said[1] + (said[2] or "").ljust(self._digits, "0"))


class Codes(fields.Field[Any]):
    """Comma-separated codes."""

    described = {"type": "string", "pattern": f"^{_CODES.pattern}$"}

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> frozenset[str]:
        if not _CODES.fullmatch(value):
            raise ValidationError("must be anomaly codes separated by commas, such as stalled,openEnded")
        return frozenset(value.split(","))


def metadata_steps(name: str) -> Steps:
    """Return the keys in a path such as `metadata.a.b`; ValueError if one cannot be a key."""
    steps = tuple(name.removeprefix(METADATA).split("."))
    for step in steps:
        if not step or step.startswith("$") or exact_json.key_fault(step):
            raise ValueError(f"contains {step!r}, which cannot be a key of metadata")
    return steps


class MetadataName(fields.Field[Any]):
    """The path of a value in the metadata, such as `metadata.variant`."""

    described = {"type": "string", "pattern": r"^metadata(\.[^$.\u0000][^.\u0000]*)+$"}

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> Steps:
        if not value.startswith(METADATA):
            raise ValidationError("must be the path of a metadata value, such as metadata.variant")
        try:
            return metadata_steps(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class MetadataFilters(fields.Field[Any]):
    """Required values of the metadata by path, collected from the parameters before they are loaded."""

    described = {"type": "string"}

    def _deserialize(self, value: dict[Steps, str], attr: str | None, data: Any, **kwargs: Any) -> dict[Steps, str]:
        return value


class PlanQuery(Query):
    video_id = Text(
        data_key="videoId",
        required=True,
        validate=validate.Length(1, LONGEST_VIDEO_ID),
        metadata={"description": "The video's id."},
    )


class VideoQuery(PlanQuery):
    """Which sessions are counted."""

    since = QueryInstant(data_key="from", metadata={"description": "Only sessions created at this instant or later."})
    until = QueryInstant(data_key="to", metadata={"description": "Only sessions created before this instant."})
    without = Codes(
        metadata={"description": "Exclude sessions with one of these anomalies: codes separated by commas."},
    )
    filters = MetadataFilters(
        data_key="metadata.*",
        metadata={
            "description": "Only sessions with this value in their metadata, as in `metadata.variant=A` or"
            f" `metadata.a.b=1`: an equal string, or a number or boolean written like this. At most"
            f" {MOST_FILTERS}."
        },
    )

    @pre_load
    def collect_filters(self, sent: dict[str, str], **_: Any) -> dict[str, Any]:
        """Collect the parameters that begin with `metadata.` into one."""
        named = [name for name in sent if name.startswith(METADATA)]
        if len(named) > MOST_FILTERS:
            raise ValidationError(f"is one of {len(named)} filters, but at most {MOST_FILTERS} are allowed", named[0])
        filters = {}
        for name in named:
            try:
                filters[metadata_steps(name)] = sent[name]
            except ValueError as error:
                raise ValidationError(str(error), name) from None
        others = {name: value for name, value in sent.items() if name not in named}
        return others | ({"metadata.*": filters} if filters else {})

    @validates_schema
    def refuse_reversed(self, query: dict[str, Any], **_: Any) -> None:
        """Refuse `from` after `to`, which would select nothing."""
        if query.get("since", instants.EARLIEST) > query.get("until", instants.LATEST):
            raise ValidationError("must not be after 'to'", "from")


def _threshold() -> Scaled:
    return Scaled(
        0,
        1,
        2,
        data_key="threshold",
        load_default=THRESHOLD_PERCENT,
        metadata={
            "default": 0.95,
            "description": "The minimum coverage of a completed view, with at most 2 decimals.",
        },
    )


class SummaryQuery(VideoQuery):
    threshold_percent = _threshold()


class HeatmapQuery(VideoQuery):
    width = Scaled(
        0.1,
        3600,
        3,
        data_key="binSeconds",
        metadata={
            "description": "The width of bins in seconds, with at most 3 decimals. Default: the smallest of"
            f" {', '.join(map(str, LADDER))} s with at most 120 bins on the longest node."
        },
    )
    node = Text(metadata={"description": "Only this node; empty for the unnamed node."})
    per = fields.String(
        load_default=SESSION,
        validate=validate.OneOf((SESSION, VIEWER), error=f"must be {SESSION} or {VIEWER}"),
        metadata={
            "description": "What is counted: sessions, or viewers, with all sessions of a viewer counted as one."
        },
    )


class PathsQuery(VideoQuery):
    steps = WholeNumber(
        1, 20, load_default=STEPS, metadata={"description": "The number of steps for which flows are returned."}
    )
    limit = WholeNumber(1, 100, load_default=LIMIT, metadata={"description": "The maximum number of paths."})


class ComparisonQuery(VideoQuery):
    by = MetadataName(
        required=True,
        metadata={"description": "The path of the metadata value to compare by, such as `metadata.variant`."},
    )
    a = Text(required=True, metadata={"description": "The value of the first group."})
    b = Text(required=True, metadata={"description": "The value of the second group."})
    threshold_percent = _threshold()


class VideosQuery(PageQuery):
    limit = WholeNumber(1, 100, load_default=50, metadata={"description": "The maximum number of items on a page."})
