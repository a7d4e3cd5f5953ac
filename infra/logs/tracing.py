"""`make trace`: the lines of one request, scan, order or message, through the API, the stream, queues and workers.

The first query finds the lines that name the id. Their ids of single works (and the request, where the API answered it)
are asked for in the second. Ids of events, people and whole batches are not followed: they would join all other work.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from chalicelib.legible import legible
from chalicelib.workers.subjects import NAMES
from infra.logs import saved
from infra.logs.evaluation import LOG, MESSAGE, TIMESTAMP, Row
from infra.logs.sources import Ask

# Both ends of an id: nothing that could end the text of the query.
ID = re.compile(r"[A-Za-z0-9_.:-]{4,128}")
_MOST_IDS = 20
# What a line shows besides ids. Everything else of a line (texts, addresses' MACs, tracebacks) stays in the log.
_SHOWN = (
    "method",
    "route",
    "status",
    "code",
    "milliseconds",
    "replayed",
    "result",
    "reason",
    "count",
    "failed",
    "tries",
    "was",
    "purpose",
    "provider",
    "notice",
    "because",
    "position",
    "exception_name",
)
_WORK = (*NAMES, "log_id", "due_id", "sms_id", "sent_id", "challenge_id", "event_id", "caller_id", "principal_id")


def trace(ask: Ask, wanted: str) -> list[Row]:
    """Return the lines of a work by one of its ids, oldest first. Raises ValueError for what is no id."""
    if not ID.fullmatch(wanted):
        raise ValueError(f"{wanted!r} is no id. An id has 4 to 128 letters, digits, _ . : and -")
    found = _lines(ask, [wanted])
    return _lines(ask, [wanted, *_related(found, besides=wanted)])


def text_of(row: Row) -> str:
    """Return a line for a terminal: the time, the function, what happened, and ids."""
    content = _content(row)
    function = row.get(LOG, "").rpartition("/")[2].removeprefix("gatehouse-").partition("-")[2] or "api"
    facts = {name: content[name] for name in _SHOWN if content.get(name) is not None}
    ids = {name: content[name] for name in ("request_id", *_WORK) if content.get(name)}
    words = [f"{name}={value}" for name, value in {**facts, **ids}.items()]
    head = f"{row[TIMESTAMP]}  {content.get('level', ''):7} {function:14} {content.get('message', '')}"
    return legible(" ".join([head, *words]))


def _lines(ask: Ask, ids: list[str]) -> list[Row]:
    query = saved.load()[saved.TRACE].text
    condition = f'like "{saved.PLACEHOLDER}"'
    rows = ask(query.replace(condition, " or @message ".join(f'like "{each}"' for each in ids)))
    named = [row for row in rows if any(each in row.get(MESSAGE, "") for each in ids)]
    return sorted(named, key=lambda row: row[TIMESTAMP])


def _related(rows: Iterable[Row], *, besides: str) -> list[str]:
    ids: dict[str, None] = {}
    for row in rows:
        content = _content(row)
        # The call of a worker takes a batch; the API's takes one request.
        names = NAMES if _is_of_worker(row) else ("request_id", *NAMES)
        ids |= {value: None for name in names if isinstance(value := content.get(name), str) and ID.fullmatch(value)}
    return [each for each in ids if each != besides][:_MOST_IDS]


def _is_of_worker(row: Row) -> bool:
    """Whether the line is of another function than those that answer requests."""
    group = row.get(LOG, "").rpartition("/")[2].removeprefix("gatehouse-")
    return group.partition("-")[2] not in ("", "gates")


def _content(row: Row) -> dict[str, Any]:
    try:
        content = json.loads(row.get(MESSAGE, ""))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
