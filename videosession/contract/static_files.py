"""Serves static content, with an ETag and, if the client accepts it, compression."""

import gzip
from collections.abc import Mapping
from functools import lru_cache

from flask import Response, request


def answer(content: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """Return a response with `content`, compressed if the client accepts gzip, or a 304 if the client has it."""
    is_compressed = request.accept_encodings["gzip"] > 0
    response = Response(_compressed(content) if is_compressed else content, headers=dict(headers), mimetype=media_type)
    response.vary.add("Accept-Encoding")
    response.headers["X-Content-Type-Options"] = "nosniff"
    if is_compressed:
        response.content_encoding = "gzip"
    response.add_etag()
    response.make_conditional(request)
    return response


@lru_cache(32)
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
