"""JSON merge patches (RFC 7396) of sessions."""

from videosession.errors import Fault, Invalid
from videosession.sessions.fields import metadata_size_fault
from videosession.sessions.schemas import DEFAULTS


def merged(content: dict, patch: dict) -> dict:
    """Return the fields of a session after `patch`; what the patch removes gets its default, if it has one.

    Raises Invalid if the merged metadata exceed their bound.
    """
    result = DEFAULTS | _merge(content, patch)
    if "metadata" in patch and (detail := metadata_size_fault(result.get("metadata", {}))):
        raise Invalid([Fault("/metadata", detail)])
    return result


def _merge(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result
