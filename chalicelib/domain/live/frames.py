"""Frames of a live socket: each message is one JSON object with the same five fields."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib import clock

# Size limit of a batch frame (AWS: a message has 128 KB, a frame of it 32 KB).
_FRAME_BYTES = 30_000


def message(
    type_: str,
    *,
    channel: str | None = None,
    data: Any = None,
    number: int | None = None,
    at: datetime | None = None,
) -> str:
    """Return one message as JSON text; `number` is its id, which increases within its channel."""
    fields = {
        "type": type_,
        "channel": channel,
        "data": data if data is not None else {},
        "id": number,
        "at": clock.to_text(at or clock.now()),
    }
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def frames(messages: Sequence[str], *, batch: bool) -> list[str]:
    """Return messages as frames: one each, or with `batch` as many as fit into `_FRAME_BYTES`."""
    if not batch or len(messages) < 2:
        return list(messages)
    made: list[list[str]] = [[]]
    size = 0
    for text in messages:
        if made[-1] and size + len(text.encode()) > _FRAME_BYTES:
            made.append([])
            size = 0
        made[-1].append(text)
        size += len(text.encode()) + 1
    return [several[0] if len(several) == 1 else _batch(several) for several in made]


def _batch(messages: Sequence[str]) -> str:
    return f'{{"type":"batch","messages":[{",".join(messages)}]}}'
