"""Workers of live updates: the events of the sockets, and the stream, whose changes are published."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from chalicelib.clients import sockets
from chalicelib.domain.access import security_log
from chalicelib.domain.background import changes
from chalicelib.domain.background.changes import Change
from chalicelib.domain.live import connections, follower, frames, subscriptions
from chalicelib.errors import MalformedJson, Refusal, Unauthenticated, ValidationFailed
from chalicelib.observability import logger
from chalicelib.schemas import live as schema
from chalicelib.schemas import messages
from chalicelib.vocabulary.messages import LiveType
from chalicelib.workers import Failures, batch_log, failures_from

_OK = {"statusCode": HTTPStatus.OK.value}
_KINDS = frozenset(wanted.kind for wanted in follower.WANTED)
# In characters; a ticket has 43.
_LONGEST_TICKET = 128


# The sockets


def connect(event: dict[str, Any]) -> dict[str, int]:
    """Accept a socket that presents a ticket."""
    ticket = (event.get("queryStringParameters") or {}).get("ticket") or ""
    try:
        if len(ticket) > _LONGEST_TICKET or not ticket.isascii():
            raise Unauthenticated
        connections.open_(event["requestContext"]["connectionId"], ticket=ticket)
    except Refusal as refusal:
        security_log.note_refusal(refusal)
        return {"statusCode": refusal.status}
    return _OK


def disconnect(event: dict[str, Any]) -> dict[str, int]:
    """Remove a socket that was closed."""
    connections.end(event["requestContext"]["connectionId"])
    return _OK


def message(event: dict[str, Any]) -> dict[str, int]:
    """Run a client's command and answer over its socket."""
    connection_id = event["requestContext"]["connectionId"]
    channel: str | None = None
    try:
        try:
            command = _parse(event.get("body") or "")
            channel = command.channel
            _obey(connection_id, command)
        except Refusal as refusal:
            security_log.note_refusal(refusal)
            error = {"code": refusal.code, "message": refusal.text}
            sockets.send(connection_id, frames.message(LiveType.ERROR, channel=channel, data=error))
            if isinstance(refusal, Unauthenticated):
                connections.close(connection_id)
    except sockets.Gone:
        connections.end(connection_id)
    except sockets.NotTaken:
        connections.close(connection_id)
    return _OK


def _parse(body: str) -> schema.CommandIn:
    try:
        return schema.CommandIn.model_validate_json(body, strict=True)
    except ValidationError as error:
        if not error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]:
            raise MalformedJson from error
        problem = messages.problems(error, schema.CommandIn)[0]
        raise ValidationFailed(f"{problem['field']}: {problem['message']}") from error


def _obey(connection_id: str, command: schema.CommandIn) -> None:
    if command.action == "ping":
        sockets.send(connection_id, frames.message(LiveType.PONG))
        return
    if command.action not in ("subscribe", "unsubscribe") or command.channel is None:
        raise ValidationFailed("Send subscribe or unsubscribe with a channel, or ping.")
    if command.action == "subscribe":
        subscriptions.begin(connection_id, command.channel, after=command.after, batch=command.batch)
    else:
        subscriptions.end(connection_id, command.channel)


# The stream


def handle(batch: dict[str, Any]) -> Failures:
    """Publish the news in a batch of changes, and close the sockets of locked-out callers.

    The first change that fails is reported, and Lambda retries from it.
    """
    batch_changes = [changes.change_of(record, _KINDS) for record in batch["Records"]]
    try:
        if not _apply(batch_changes):
            batch_log.omit()
    except Exception:  # noqa: BLE001  # any failure: the changes are applied one by one
        logger.exception("live batch failed; applying its changes one by one", extra={"count": len(batch_changes)})
    else:
        return failures_from([])
    for change in batch_changes:
        try:
            _apply([change])
        except Exception:  # noqa: BLE001  # any failure: this change and the rest are retried
            logger.exception("live change failed", extra={"position": change.position})
            return failures_from([change.position])
    return failures_from([])


def _apply(batch_changes: Sequence[Change]) -> bool:
    return follower.follow(batch_changes, show=schema.data_of)
