"""One log line for each call of an event door: which records came, what they are about, and how it ended.

A call of the live function whose changes nobody hears has none: at a quiet gate that is nearly each scan.

A socket's call that was refused also has its line in the security log.
"""

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from chalicelib import clock
from chalicelib.domain.access import security_log
from chalicelib.domain.access.security_log import Ended
from chalicelib.observability import log_keys, logger
from chalicelib.workers import subjects

# Chalice's names of the kinds of event that the workers take.
SOURCES = ("dynamodb", "sqs", "scheduled", "websocket")
_MOST_IDS = 10
# Set by a worker whose call changed nothing that somebody may look for.
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
# What the security log names beside the portals: sockets are shared by all of them.
_LIVE, _FAULT = "live", 500


def omit() -> None:
    """Leave out the line of this call, unless it fails."""
    _quiet.set(True)


def middleware(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Call a worker and log the call; every line that is logged meanwhile carries the id of the call."""
    began = time.perf_counter()
    context = event.context
    content: Mapping[str, Any] = event.to_dict()
    facts: dict[str, Any] = {"function": getattr(context, "function_name", None), **_facts_of(content)}
    call_id = content.get("requestContext", {}).get("requestId") or getattr(context, "aws_request_id", None)
    with log_keys(request_id=call_id), security_log.noting() as noted:
        write = logger.error
        outer = _quiet.set(False)
        try:
            answer = get_response(event)
            failed = len(((answer or {}).get("batchItemFailures")) or ())
            if "Records" in content:
                facts["failed"] = failed
            else:
                facts["status"] = (answer or {}).get("statusCode")
            write = logger.warning if failed else logger.debug if _quiet.get() else logger.info
        finally:
            _quiet.reset(outer)
            facts |= _behind(content)
            write("call", extra={**facts, "milliseconds": round((time.perf_counter() - began) * 1000, 1)})
            if "route" in facts:
                address = (content["requestContext"].get("identity") or {}).get("sourceIp")
                security_log.write(noted, Ended(facts["route"], _LIVE, facts.get("status") or _FAULT, address))
    return answer


def _facts_of(content: Mapping[str, Any]) -> dict[str, Any]:
    if "Records" in content:
        ids = [_id_of(record) for record in content["Records"]]
        # A batch of the stream has up to 100 records; its ends are enough to find it.
        ends = ids if len(ids) <= _MOST_IDS else [ids[0], ids[-1]]
        about = subjects.of_batch(content)
        return {"count": len(ids), "ids": ends, **({"about": about} if about else {})}
    socket = content.get("requestContext")
    if socket:
        return {"route": socket.get("routeKey"), "connection_id": socket.get("connectionId")}
    return {"schedule_id": content.get("id")}


def _behind(content: Mapping[str, Any]) -> dict[str, int]:
    """Return how old the oldest change of a stream's batch is, in whole seconds, once the batch is done.

    The stream gives times in whole seconds, so the true age is up to a second less.
    """
    times = [record.get("dynamodb", {}).get("ApproximateCreationDateTime") for record in content.get("Records", ())]
    known = [each for each in times if isinstance(each, int | float)]
    return {"behind_seconds": max(0, int(clock.now().timestamp() - min(known)))} if known else {}


def _id_of(record: Mapping[str, Any]) -> Any:
    return record.get("messageId") or record.get("dynamodb", {}).get("SequenceNumber")
