"""The doors of live updates: the sockets' own, and the stream's, from which news is found and told."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from chalicelib.clients import sockets
from chalicelib.domain import changes
from chalicelib.domain.changes import Change
from chalicelib.domain.live import connections, follower, frames, subscriptions
from chalicelib.errors import MalformedJson, Refusal, Unauthenticated, ValidationFailed
from chalicelib.observability import logger
from chalicelib.schemas import live as schema
from chalicelib.schemas import messages
from chalicelib.vocabulary import LiveType
from chalicelib.workers import Failures, failures_from

_OK = {"statusCode": HTTPStatus.OK.value}


# The sockets


def connect(event: dict[str, Any]) -> dict[str, int]:
    """Let a socket in that shows a ticket."""
    ticket = (event.get("queryStringParameters") or {}).get("ticket") or ""
    try:
        connections.open_(event["requestContext"]["connectionId"], ticket=ticket)
    except Refusal as refusal:
        return {"statusCode": refusal.status}
    return _OK


def disconnect(event: dict[str, Any]) -> dict[str, int]:
    """Forget a socket that was closed."""
    connections.end(event["requestContext"]["connectionId"])
    return _OK


def message(event: dict[str, Any]) -> dict[str, int]:
    """Do what a client asks for over its socket, and answer over it."""
    connection_id = event["requestContext"]["connectionId"]
    channel: str | None = None
    try:
        try:
            command = _parse(event.get("body") or "")
            channel = command.channel
            _obey(connection_id, command)
        except Refusal as refusal:
            told = {"code": refusal.code, "message": refusal.text}
            sockets.send(connection_id, frames.message(LiveType.ERROR, channel=channel, data=told))
            if isinstance(refusal, Unauthenticated):
                connections.close(connection_id)
    except sockets.Gone:
        connections.end(connection_id)
    except sockets.NotTaken:
        connections.close(connection_id)
    return _OK


def _parse(body: str) -> schema.CommandIn:
    try:
        return schema.CommandIn.model_validate_json(body)
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
    """Find the news in a batch of changes, tell what was found before, and close the sockets of who was locked out.

    The first change that cannot be taken is reported, and Lambda comes again with it and all after it.
    """
    told = [changes.change_of(record, changes.LIVE) for record in batch["Records"]]
    try:
        _take(told)
    except Exception:  # noqa: BLE001  # whatever it was, the changes are taken one by one
        logger.exception("live batch failed; taking its changes one by one", extra={"count": len(told)})
    else:
        return failures_from([])
    for change in told:
        try:
            _take([change])
        except Exception:  # noqa: BLE001  # whatever it was, this change and the rest come again
            logger.exception("live change failed", extra={"position": change.position})
            return failures_from([change.position])
    return failures_from([])


def _take(told: Sequence[Change]) -> None:
    follower.follow(told, show=schema.data_of)
