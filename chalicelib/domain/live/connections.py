"""Live connections: the one-time ticket that opens a socket, the socket, and its end.

A ticket is a random number of 256 bits. The table stores only its hash. A conditional delete redeems it once.
A connection is stored as two items. One has the connection's id as its key, to answer its messages. The other is
in its principal's partition, where a lock-out finds it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients import sockets
from chalicelib.config import config
from chalicelib.domain.access import limits, lock_outs, security_log
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.live import open_sockets
from chalicelib.domain.live.channels import of_attendance, require_open
from chalicelib.errors import Unauthenticated, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import LiveConnection, LiveOf, LiveTicket
from chalicelib.table.places import Key
from chalicelib.vocabulary.access import Portal

TICKET_LIFETIME = timedelta(seconds=30)
# TTL margin: removes the items of a connection whose disconnect was never reported.
_AFTERWARDS = timedelta(minutes=15)


class ConnectionTicket(Struct, frozen=True):
    """The URL of the socket and the one-time ticket that opens it."""

    url: str
    ticket: str
    expires_at: datetime


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def issue_attendance_ticket(principal: Principal, event_id: str) -> ConnectionTicket:
    """Return a ticket for the attendance of a campus event alone. Raises NotFound, RateLimited."""
    return issue_ticket(principal, channels=[of_attendance(event_id)])


def issue_ticket(principal: Principal, *, channels: Sequence[str] | None = None) -> ConnectionTicket:
    """Return a ticket for one connection. `channels`, where given, restricts its subscriptions.

    Raises NotFound for a channel that is not open to the principal, RateLimited.
    """
    for channel in channels or ():
        require_open(channel, principal)
    limits.SOCKET_TICKETS.take(principal.id)
    ticket = secrets.token_urlsafe(32)
    expires_at = clock.now() + TICKET_LIFETIME
    stored = LiveTicket(
        *keys.live.ticket(_hash(ticket)),
        principal=_described(principal),
        channels=list(dict.fromkeys(channels)) if channels else None,
        expires_at=expires_at,
        ttl=int(expires_at.timestamp()),
    )
    operations.record(operations.put(stored))
    return ConnectionTicket(url=config().live_url, ticket=ticket, expires_at=expires_at)


def open_(connection_id: str, *, ticket: str) -> None:
    """Redeem a ticket and open a connection.

    Raises Unauthenticated where the ticket is unknown, used or expired, or its holder is locked out, and RateLimited
    where its holder has `limits.sockets` open.
    """
    key = keys.live.ticket(_hash(ticket))
    try:
        raw = operations.record(operations.remove(key, LiveTicket.pk.exists()))
    except operations.ConditionFailed as failure:
        raise Unauthenticated("This ticket opens nothing. Get a new one.") from failure
    spent = LiveTicket.from_raw_data(raw)
    now = clock.now()
    if now >= spent.expires_at:
        raise Unauthenticated("This ticket has expired. Get a new one.")
    principal = principal_of(spent.principal)
    security_log.note_principal(principal.id)
    gone_at = int((now + open_sockets.LIFETIME + _AFTERWARDS).timestamp())
    open_sockets.take(principal.id, connection_id, now)
    try:
        operations.put_many(
            [
                LiveConnection(
                    *keys.live.connection(connection_id),
                    connection_id=connection_id,
                    principal=spent.principal,
                    channels=spent.channels,
                    opened_at=now,
                    ttl=gone_at,
                ),
                LiveOf(
                    *keys.live.of_principal(principal.id, connection_id),
                    connection_id=connection_id,
                    session_id=principal.session_id,
                    event_id=principal.claims.get("event_id"),
                    issued_at=principal.issued_at,
                    ttl=gone_at,
                ),
            ]
        )
        # Checked after the write: a lock-out too late for this check finds the connection in the table.
        lock_outs.require_not_revoked(principal, fresh=True)
    except Exception:
        # The gateway refuses the socket, for a fault of the table too. It must not count as open.
        with suppress(Unavailable):
            end(connection_id)
            open_sockets.give_back(principal.id, connection_id, now)
        raise
    logger.info("live connection opened", extra={"principal_id": principal.id, "portal": principal.portal})


def get(connection_id: str) -> LiveConnection:
    """Return an open connection. Raises Unauthenticated where it has ended or is unknown."""
    connection = operations.get(keys.live.connection(connection_id))
    if connection is None or clock.now() >= connection.opened_at + open_sockets.LIFETIME:
        raise Unauthenticated("This connection has ended. Open a new one.")
    security_log.note_principal(str(connection.principal["id"]))
    return connection


def end(connection_id: str) -> None:
    """Delete a connection and its subscriptions; idempotent."""
    key = keys.live.connection(connection_id)
    try:
        connection = LiveConnection.from_raw_data(operations.record(operations.remove(key, _EXISTS)))
    except operations.ConditionFailed:
        return
    principal_id = principal_of(connection.principal).id
    open_sockets.give_back(principal_id, connection_id, connection.opened_at)
    places: list[Key] = [keys.live.listener(channel, connection_id) for channel in sorted(connection.listens_to or ())]
    places.append(keys.live.of_principal(principal_id, connection_id))
    operations.remove_many(places)


_EXISTS = LiveConnection.pk.exists()


def close(connection_id: str) -> None:
    """End a connection and close its socket, if that is still open."""
    end(connection_id)
    try:
        sockets.close(connection_id)
    except sockets.NotTaken:
        logger.warning("socket not closed", extra={"connection_id": connection_id})


def close_those_of(
    principal_id: str,
    *,
    locked_out_at: datetime,
    session_id: str | None = None,
    kept_session_id: str | None = None,
    event_id: str | None = None,
) -> int:
    """Close the connections of a principal that a lock-out affects; return how many.

    `session_id` and `event_id` restrict it to one session or one event. `kept_session_id` stays connected.
    """
    closed = 0
    for raw in operations.query(keys.live.of_principal(principal_id).pk, consistent=True):
        found = LiveOf.from_raw_data(raw)
        if found.issued_at > locked_out_at or found.session_id == kept_session_id:
            continue
        if session_id not in (None, found.session_id) or event_id not in (None, found.event_id):
            continue
        close(found.connection_id)
        closed += 1
    if closed:
        logger.info("live connections closed", extra={"principal_id": principal_id, "count": closed})
    return closed


def _described(principal: Principal) -> dict[str, Any]:
    return {
        "portal": principal.portal.value,
        "id": principal.id,
        "session_id": principal.session_id,
        "issued_at": principal.issued_at.timestamp(),
        "claims": principal.claims,
    }


def principal_of(saved: dict[str, Any]) -> Principal:
    """Return the principal stored with a ticket or a connection."""
    return Principal(
        portal=Portal(saved["portal"]),
        id=saved["id"],
        session_id=saved["session_id"],
        issued_at=datetime.fromtimestamp(saved["issued_at"], tz=clock.now().tzinfo),
        claims=saved["claims"],
    )
