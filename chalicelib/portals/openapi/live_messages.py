"""Live messages in the document. OpenAPI has no words for a socket, so they are an extension and a part of the text."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from chalicelib.domain.live import audiences
from chalicelib.portals.openapi.components import Components, name_of
from chalicelib.schemas import live
from chalicelib.vocabulary.messages import LiveType

OPENS = "realtime_ticket"


def models() -> set[type[BaseModel]]:
    """Return the schemas of what is sent on channels."""
    return {message.data for message in live.MESSAGES.values()}


def described(of: Components) -> dict[str, Any]:
    """Return what a client's library needs: its commands, their answers, and the messages of each channel."""
    return {
        "opened_by": OPENS,
        "command": of.of_model[live.CommandIn],
        "answers": {type_.value: f"The answer {when}" for type_, when in live.ANSWERS.items()},
        "messages": {type_.value: _message(type_, message, of) for type_, message in live.MESSAGES.items()},
    }


def _message(type_: LiveType, message: live.LiveMessage, of: Components) -> dict[str, Any]:
    fewer = audiences.OF_ORGANIZERS.get(type_)
    return {
        "channel": message.channel,
        "description": message.sent,
        "data": of.of_model[message.data],
        **({"fields_of_organizers": sorted(fewer)} if fewer else {}),
    }


def text() -> str:
    """Return the part of the document's description about live messages."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "**Live messages** come over a WebSocket, opened with `?ticket=` of `POST /api/realtime/ticket/`. The client"
    yield 'sends `{"action": "subscribe" | "unsubscribe" | "ping", "channel", "after"?}`, and gets'
    yield '`{"type", "channel", "data", "id", "at"}`; `id` rises within a channel. `x-live-messages` has the schemas.'
    yield ""
    for type_, message in live.MESSAGES.items():
        yield f"- `{type_}` on `{message.channel}`, data `{name_of(message.data)}`: {message.sent}"
    for type_, when in live.ANSWERS.items():
        yield f"- `{type_}` answers {when}"
