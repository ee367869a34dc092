"""Answers with files: compressed where the client accepts that, with an ETag, or 304."""

import gzip
from collections.abc import Mapping
from functools import lru_cache

from flask import Response, request


def answer(content: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """Return a file, compressed if the client accepts that, or 304 if the client has it."""
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
