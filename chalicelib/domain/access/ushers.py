"""Ushers: their log-in at one event."""

from dataclasses import dataclass

from chalicelib.domain.access import accounts, sessions
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.events import events
from chalicelib.table.items import Account, Event
from chalicelib.vocabulary import Portal


@dataclass(frozen=True, slots=True)
class UsherLogIn:
    """An usher who has logged in, their event, and the first tokens of the session."""

    account: Account
    event: Event
    tokens: Tokens


def log_in(username: str, password: str, *, event_id: str) -> UsherLogIn:
    """Begin an usher's session at an event; nothing about the event is disclosed before password and assignment.

    Raises InvalidCredentials, RateLimited, AccountSuspended, Forbidden (no ushering role), NotAssigned, NotFound.
    """
    account = accounts.verify_password(Portal.USHER, username, password)
    accounts.require_assignment(account, event_id)
    event = events.get(event_id)
    return UsherLogIn(account, event, sessions.start(account, event_id=event.event_id))
