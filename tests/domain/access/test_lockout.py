"""Which callers a portal admits, and for how long: tokens, sessions, assignments, revocation."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.access import accounts, lock_outs, new_accounts, sessions, tokens
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.crypto import signing
from chalicelib.domain.events import events
from chalicelib.domain.gate import checkin_log
from chalicelib.errors import (
    InvalidCursor,
    NotAssigned,
    TokenExpired,
    TokenReused,
    Unauthenticated,
)
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal, UsherRole
from tests.support.closing import close_account

pytestmark = pytest.mark.usefixtures("moto_cloud", "event")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
EVENT_ID = "evt_concert"
PRINCIPAL = Principal(Portal.USHER, "ush_1", "ses_1", START, "first", {"event_id": EVENT_ID})


@pytest.fixture
def event() -> Iterator[None]:
    with clock.set_to(START):
        events.create(
            events.EventDraft(event_id=EVENT_ID, title="Concert", starts_at=START, ends_at=START + timedelta(hours=6))
        )
        yield


@pytest.fixture
def usher() -> Account:
    return new_accounts.create_usher(
        username="gate1",
        password="a long enough password",
        name="Gate One",
        roles=[UsherRole.USHERING],
        event_ids=[EVENT_ID],
    )


def test_a_token_says_who_holds_it() -> None:
    found = tokens.verify(tokens.issue(PRINCIPAL), Portal.USHER)
    assert (found.id, found.session_id, found.event_id) == ("ush_1", "ses_1", EVENT_ID)


def test_a_token_signed_by_another_key_is_refused() -> None:
    header = jwt.get_unverified_header(tokens.issue(PRINCIPAL))
    claims = jwt.decode(tokens.issue(PRINCIPAL), options={"verify_signature": False})
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=header)
    with pytest.raises(Unauthenticated):
        tokens.verify(forged, Portal.USHER)


def test_a_token_of_one_portal_does_not_open_another() -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(tokens.issue(replace(PRINCIPAL, portal=Portal.DEVICE)), Portal.USHER)


def test_a_token_ends_with_its_quarter_of_an_hour() -> None:
    token = tokens.issue(PRINCIPAL)
    with clock.set_to(START + timedelta(minutes=14, seconds=59)):
        tokens.verify(token, Portal.USHER)
    with clock.set_to(START + timedelta(minutes=15)), pytest.raises(TokenExpired):
        tokens.verify(token, Portal.USHER)


def test_an_unsigned_token_is_refused() -> None:
    kid, _ = signing.signer(signing.ACCESS_TOKENS)
    claims = jwt.decode(tokens.issue(PRINCIPAL), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": kid, "typ": "at+jwt"})
    with pytest.raises(Unauthenticated):
        tokens.verify(unsigned, Portal.USHER)


def test_a_session_that_was_ended_locks_its_tokens_out(usher: Account) -> None:
    principal = tokens.verify(sessions.start(usher, event_id=EVENT_ID).access, Portal.USHER)
    other = tokens.verify(sessions.start(usher, event_id=EVENT_ID).access, Portal.USHER)
    lock_outs.require_not_revoked(principal)
    sessions.end(principal.session_id, ended_because="logged out")
    with pytest.raises(Unauthenticated):
        lock_outs.require_not_revoked(principal)
    lock_outs.require_not_revoked(other)


def test_a_closed_account_is_locked_out_in_every_session(usher: Account) -> None:
    principal = tokens.verify(sessions.start(usher, event_id=EVENT_ID).access, Portal.USHER)
    close_account(usher.account_id)
    with pytest.raises(Unauthenticated):
        lock_outs.require_not_revoked(principal)


def test_a_spent_refresh_token_gets_its_successor_for_a_moment(usher: Account) -> None:
    first = sessions.start(usher, event_id=EVENT_ID).refresh
    with clock.set_to(START + timedelta(minutes=1)):
        second = sessions.refresh(first, Portal.USHER).refresh
    with clock.set_to(START + timedelta(minutes=1, seconds=15)):
        assert sessions.refresh(first, Portal.USHER).refresh == second


def test_a_refresh_token_used_twice_ends_its_session(usher: Account) -> None:
    first = sessions.start(usher, event_id=EVENT_ID).refresh
    second = sessions.refresh(first, Portal.USHER).refresh
    with clock.set_to(START + timedelta(minutes=1)):
        with pytest.raises(TokenReused):
            sessions.refresh(first, Portal.USHER)
        with pytest.raises(Unauthenticated):
            sessions.refresh(second, Portal.USHER)


def test_an_old_refresh_token_is_not_taken_within_the_moment(usher: Account) -> None:
    first = sessions.start(usher, event_id=EVENT_ID).refresh
    second = sessions.refresh(first, Portal.USHER).refresh
    sessions.refresh(second, Portal.USHER)
    with pytest.raises(TokenReused):
        sessions.refresh(first, Portal.USHER)


def test_an_usher_works_only_at_events_of_their_own(usher: Account) -> None:
    accounts.require_assignment(usher, EVENT_ID)
    with pytest.raises(NotAssigned):
        accounts.require_assignment(usher, "evt_elsewhere")


def test_a_cursor_opens_only_the_list_and_the_caller_it_was_made_for() -> None:
    cursor = paging.seal("log_1", bound_to=f"log/ush_1/{EVENT_ID}")
    assert paging.unseal(cursor, bound_to=f"log/ush_1/{EVENT_ID}") == "log_1"
    with pytest.raises(InvalidCursor):
        paging.unseal(cursor, bound_to=f"log/ush_2/{EVENT_ID}")
    with pytest.raises(InvalidCursor):
        checkin_log.recent(EVENT_ID, caller_id="ush_2", page_size=10, page=None, cursor=cursor)
