"""What a merge patch (RFC 7396) makes of a session."""

from videosession.errors import Fault, Invalid
from videosession.sessions.schemas import metadata_size_fault


def merged(content: dict, patch: dict) -> dict:
    """Give what is said of a session after `patch`: title, description, and videoId and metadata where there are any.

    Raises Invalid where the metadata outgrow their bound together, which no part of them shows alone.
    """
    result = {"description": ""} | _merge(content, patch)
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
