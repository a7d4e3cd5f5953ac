"""Sessions: refresh tokens rotate at every use, and reuse of an old one ends the session.

The token of generation n is derived from the sessions' secret. A client that lost a response can therefore receive the
same successor again within GRACE. The table stores only the hash of the newest token.

Portals WITHOUT_ROTATION keep the token of the log-in until the session ends, as their clients do (contract, "Refresh").
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain import paging
from chalicelib.domain.access import accounts, known_devices, lock_outs, security_log, tokens
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import AccountSuspended, NotFound, TokenExpired, TokenReused, Unauthenticated
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Session
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.devices import DeviceStatus

LIFETIME = timedelta(days=30)
# OAuth 2.0 practice for lost responses: within it a spent token returns the same successor.
GRACE = timedelta(seconds=20)
# Not the words of an access token, which a refresh replaces.
_NOT_VALID = "This refresh token is not valid, or its session has ended. Log in."
_EXPIRED = "The session has expired. Log in again."
_PURPOSE = "refresh token"
# Portals whose clients keep the first refresh token for ever.
WITHOUT_ROTATION = frozenset((Portal.CAMPUS,))
# How often a use of such a token is written, so that a refresh costs no write.
USE_NOTED_EVERY = timedelta(hours=1)


class Tokens(Struct, frozen=True):
    """A pair of access and refresh token. `expires_in` is the access token's, in seconds."""

    access: str
    refresh: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  # the scheme of RFC 6750, not a secret


class OwnSession(Struct, frozen=True):
    """A session as its owner sees it; `current` is the one that the caller uses."""

    id: str
    created_at: datetime
    last_used_at: datetime
    device: str | None
    address_hint: str | None
    current: bool


def _secret_part(session_id: str, generation: int) -> str:
    mac = hmac.new(SESSIONS.current(_PURPOSE), f"{session_id}.{generation}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


def _token(session_id: str, generation: int) -> str:
    return f"{session_id}.{generation}.{_secret_part(session_id, generation)}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _parse(token: str) -> tuple[str, int]:
    session_id, _, rest = token.partition(".")
    number, _, _ = rest.partition(".")
    if not session_id.startswith("ses_") or not number.isdecimal() or len(token) > 200:
        raise Unauthenticated(_NOT_VALID)
    return session_id, int(number[:9])


def _is_genuine(token: str, session_id: str, generation: int) -> bool:
    """Whether the platform made this token, under the current or the previous secret."""
    return _was_made(token, session_id, generation) or (
        SESSIONS.read_again() and _was_made(token, session_id, generation)
    )


def _was_made(token: str, session_id: str, generation: int) -> bool:
    for key in SESSIONS.candidates(_PURPOSE):
        mac = hmac.new(key, f"{session_id}.{generation}".encode(), hashlib.sha256).digest()
        made = f"{session_id}.{generation}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        if hmac.compare_digest(made.encode(), token.encode()):
            return True
    return False


def start(
    account: Account,
    *,
    event_id: str | None = None,
    phone_id: str | None = None,
    in_cookie: bool = False,
    visitor: Visitor | None = None,
    beside: Sequence[operations.Write] = (),
) -> Tokens:
    """Start a session of an account and return its first pair of tokens. The owner hears of a new device.

    `beside` are unconditional writes for the same transaction.
    """
    write, pair = begin(account, event_id=event_id, phone_id=phone_id, in_cookie=in_cookie, visitor=visitor)
    remembering = known_devices.remembering(account, visitor)
    more = list(beside)
    if remembering:
        more.append(operations.change(keys.access.account(account.account_id), remembering, Account.pk.exists()))
    if more:
        operations.commit(write, *more)
    else:
        operations.record(write)
    known_devices.notify(account, visitor)
    return pair


def begin(
    account: Account,
    *,
    event_id: str | None = None,
    phone_id: str | None = None,
    in_cookie: bool = False,
    visitor: Visitor | None = None,
) -> tuple[operations.Write, Tokens]:
    """Return the write that starts a session, and its first pair of tokens, valid after the write.

    The caller remembers the device and sends the notice, as `start` does.
    """
    now = clock.now()
    session_id = new_id("ses")
    refresh = _token(session_id, 1)
    # Where clients do not refresh, a session ends with its one access token.
    expires_at = now + (tokens.lifetime(account.portal) if account.portal in tokens.WITHOUT_REFRESH else LIFETIME)
    session = Session(
        *keys.access.session(session_id),
        gsi1=keys.access.account_sessions(account.account_id, session_id),
        session_id=session_id,
        portal=account.portal,
        account_id=account.account_id,
        event_id=event_id,
        phone_id=phone_id,
        generation=1,
        token_hash=_hash(refresh),
        rotated_at=now,
        started_at=clock.begun(),
        expires_at=expires_at,
        in_cookie=in_cookie,
        device=visitor.device if visitor else None,
        address_hint=visitor.address_hint if visitor else None,
        ttl=int(expires_at.timestamp()),
    )
    pair = _pair(account, session, refresh)
    security_log.note_log_in(account.account_id, session_id)
    return operations.put(session, Session.pk.does_not_exist()), pair


def _principal(account: Account, session: Session) -> Principal:
    return Principal(
        portal=account.portal,
        id=account.account_id,
        session_id=session.session_id,
        # An account that is closed, or gets another password, after it was read for this ends this token as well.
        issued_at=clock.begun(),
        name=account.name,
        claims={
            **accounts.claims(account, event_id=session.event_id),
            **({"phone_id": session.phone_id} if session.phone_id else {}),
        },
    )


def _pair(account: Account, session: Session, refresh: str) -> Tokens:
    seconds = int(tokens.lifetime(account.portal).total_seconds())
    return Tokens(access=tokens.issue(_principal(account, session)), refresh=refresh, expires_in=seconds)


def refresh(token: str, portal: Portal, *, in_cookie: bool = False, visitor: Visitor | None = None) -> Tokens:
    """Spend this refresh token and return the next pair; without rotation, a fresh access token and the same one.

    Raises Unauthenticated, TokenExpired, TokenReused (which ends the session) or AccountSuspended.
    """
    session_id, generation = _parse(token)
    session = operations.get(keys.access.session(session_id))
    if session is None or session.portal != portal or session.in_cookie != in_cookie:
        raise Unauthenticated(_NOT_VALID)
    if session.ended_at is not None or not _is_genuine(token, session_id, generation):
        raise Unauthenticated(_NOT_VALID)
    now = clock.now()
    if now >= session.expires_at:
        raise TokenExpired(_EXPIRED)
    account = operations.get(keys.access.account(session.account_id))
    if account is None or account.status != AccountStatus.ACTIVE:
        raise AccountSuspended
    if _ended_with_all(session, account):
        raise Unauthenticated(_NOT_VALID)
    accounts.require_assignment(account, session.event_id)
    _require_phone(session)
    if portal in WITHOUT_ROTATION:
        _note_use(session, now, visitor)
        return _pair(account, session, token)
    if generation == session.generation:
        successor = _rotate(session, token, now, visitor)
    else:
        successor = _successor_within_grace(session, generation, now)
    if successor is None:
        end(session_id, ended_because="refresh token reused")
        raise TokenReused
    return _pair(account, session, successor)


def _require_phone(session: Session) -> None:
    """End a session on a revoked phone, which its revocation may have missed. Raises Unauthenticated.

    That ends the sessions which the phone's last usher has then. Others logged in before, or at the same moment.
    """
    phone = operations.get(keys.access.device(session.phone_id)) if session.phone_id else None
    if phone is not None and phone.status == DeviceStatus.REVOKED:
        end(session.session_id, ended_because="phone revoked")
        raise Unauthenticated(_NOT_VALID)


def _note_use(session: Session, now: datetime, visitor: Visitor | None) -> None:
    """Note that a token that does not rotate was used, at most once in USE_NOTED_EVERY. Raises Unauthenticated.

    The device stays the one of the log-in, so that every use from another one is logged.
    """
    if visitor is not None and session.device is not None and visitor.device != session.device:
        accounts.log_security_event(
            "refresh token used from another device", account_id=session.account_id, session_id=session.session_id
        )
    if now - session.rotated_at < USE_NOTED_EVERY:
        return
    hint = visitor.address_hint if visitor else session.address_hint
    actions: list[Action] = [
        Session.rotated_at.set(now),
        Session.address_hint.set(hint) if hint else Session.address_hint.remove(),
    ]
    try:
        operations.record(operations.change(session.place, actions, Session.ended_at.does_not_exist()))
    except operations.ConditionFailed as failure:
        raise Unauthenticated(_NOT_VALID) from failure  # ended between the read and the write


def _ended_with_all(session: Session, account: Account) -> bool:
    """Whether a change of password or a deactivation has ended all sessions of an account, this one among them."""
    ended_before = account.sessions_end_before
    return (
        ended_before is not None
        and session.started_at <= ended_before
        and session.session_id != account.kept_session_id
    )


def _rotate(session: Session, token: str, now: datetime, visitor: Visitor | None) -> str | None:
    generation = session.generation
    successor = _token(session.session_id, generation + 1)
    actions: list[Action] = [
        Session.generation.set(generation + 1),
        Session.token_hash.set(_hash(successor)),
        Session.rotated_at.set(now),
        # Sessions from before there was a list enter it here. The same key again costs no write of the index.
        *Session.in_gsi1(keys.access.account_sessions(session.account_id, session.session_id)),
    ]
    if visitor is not None:
        hint = visitor.address_hint
        actions += [
            Session.device.set(visitor.device),
            Session.address_hint.set(hint) if hint else Session.address_hint.remove(),
        ]
    spend = operations.change(
        keys.access.session(session.session_id),
        actions,
        (Session.token_hash == _hash(token)) & Session.ended_at.does_not_exist(),
    )
    try:
        operations.record(spend)
    except operations.ConditionFailed as failure:
        # A concurrent call, or an earlier try of this one, has spent the token.
        found = failure.found(Session)
        return _successor_within_grace(found, generation, now) if found else None
    return successor


def _successor_within_grace(session: Session, generation: int, now: datetime) -> str | None:
    is_last_spent = generation == session.generation - 1
    if session.ended_at is None and is_last_spent and now - session.rotated_at <= GRACE:
        return _token(session.session_id, session.generation)
    return None


def list_own(principal: Principal, *, page_size: int, cursor: str | None) -> Page[OwnSession]:
    """Return a page of the caller's sessions that have not ended, newest first. Raises InvalidCursor.

    A device has none: it proves itself with its key for each access token.
    """
    asked = PageRequest(f"sessions/{principal.id}", page_size, cursor)
    account = operations.get(keys.access.account(principal.id))

    def load(places: Sequence[Place[Session]]) -> list[OwnSession | None]:
        found, now = operations.get_many(places), clock.now()
        return [
            _shown(session, principal) if session and account and _lives(session, account, now) else None
            for session in (found.get(place) for place in places)
        ]

    partition = keys.access.account_sessions(principal.id).pk
    return paging.walk(asked, paging.rows_of(Session, partition, index="gsi1"), load, budget=ReadBudget())


def _lives(session: Session, account: Account, now: datetime) -> bool:
    return session.ended_at is None and now < session.expires_at and not _ended_with_all(session, account)


def _shown(session: Session, principal: Principal) -> OwnSession:
    return OwnSession(
        id=session.session_id,
        created_at=session.started_at,
        last_used_at=session.rotated_at,
        device=session.device,
        address_hint=session.address_hint,
        current=session.session_id == principal.session_id,
    )


def end_own(principal: Principal, session_id: str) -> None:
    """End one of the caller's sessions, as `end` does; idempotent. Raises NotFound for another's."""
    is_own = (Session.account_id == principal.id) & (Session.portal == principal.portal)
    if not _end(session_id, is_own, ended_because="ended by its owner"):
        raise NotFound("You have no such session.")


def end_of_phone(account_id: str, phone_id: str, *, ended_because: str) -> None:
    """End the sessions of an account that were started with a phone."""
    raws = operations.query(keys.access.account_sessions(account_id).pk, index="gsi1")
    for session in operations.get_many(operations.places_of(Session, raws)).values():
        if session.phone_id == phone_id:
            end(session.session_id, ended_because=ended_because)


def end(session_id: str, *, ended_because: str) -> None:
    """End one session: its refresh token at once, its access token and sockets within REFRESH_SECONDS."""
    _end(session_id, Session.pk.exists(), ended_because=ended_because)


def _end(session_id: str, condition: Condition, *, ended_because: str) -> bool:
    """End a session, with its lock-out in one transaction, and return True; False where the condition does not hold."""
    session = operations.get(keys.access.session(session_id))
    if session is None:
        return False
    # It leaves the list of its owner, so an erasure would not find where it was used.
    actions = [
        Session.ended_at.set(clock.now()),
        *Session.in_gsi1(None),
        Session.device.remove(),
        Session.address_hint.remove(),
    ]
    event_ids = [session.event_id] if session.event_id else []
    locked_out = lock_outs.revocations(session.portal, session.account_id, session_id=session_id, event_ids=event_ids)
    try:
        acts.commit(
            operations.change(session.place, actions, condition),
            *locked_out,
            subject=AuditSubject("session", session_id, after={"ended_because": ended_because}),
        )
    except operations.ConditionFailed:
        return False
    lock_outs.forget()
    accounts.log_security_event(
        "session ended", account_id=session.account_id, session_id=session_id, because=ended_because
    )
    return True
