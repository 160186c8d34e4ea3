"""Files that are made while they are sent."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterable

from flask import Response, stream_with_context


def csv_download(name: str, parts: Iterable[bytes]) -> Response:
    """A CSV file in UTF-8 under this name."""
    return Response(
        # Excel takes a file without the mark for one in Windows' own encoding.
        stream_with_context(itertools.chain([codecs.BOM_UTF8], parts)),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Accel-Buffering": "no",
        },
    )
