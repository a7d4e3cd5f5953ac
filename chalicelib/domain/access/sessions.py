"""Sessions: refresh tokens rotate at every use, and reuse of an old one ends the session.

The token of generation n is derived from the master secret. A client that lost a response can therefore receive the
same successor again within GRACE. The table stores only the hash of the newest token.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.clients import secrets
from chalicelib.domain.access import accounts, lock_outs, security_log, tokens
from chalicelib.domain.access.tokens import Principal
from chalicelib.errors import AccountSuspended, TokenExpired, TokenReused, Unauthenticated
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Session
from chalicelib.vocabulary import AccountStatus, Portal

LIFETIME = timedelta(days=30)
# OAuth 2.0 practice for lost responses: within it a spent token returns the same successor.
GRACE = timedelta(seconds=20)
_PURPOSE = "refresh token"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of access and refresh token. `expires_in` is the access token's, in seconds."""

    access: str
    refresh: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  # the scheme of RFC 6750, not a secret


def _secret_part(session_id: str, generation: int) -> str:
    mac = hmac.new(secrets.current(_PURPOSE), f"{session_id}.{generation}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


def _token(session_id: str, generation: int) -> str:
    return f"{session_id}.{generation}.{_secret_part(session_id, generation)}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _parse(token: str) -> tuple[str, int]:
    session_id, _, rest = token.partition(".")
    number, _, _ = rest.partition(".")
    if not session_id.startswith("ses_") or not number.isdecimal() or len(token) > 200:
        raise Unauthenticated
    return session_id, int(number[:9])


def _is_genuine(token: str, session_id: str, generation: int) -> bool:
    """Whether the platform made this token, under the current or the previous secret."""
    return _was_made(token, session_id, generation) or (
        secrets.read_again() and _was_made(token, session_id, generation)
    )


def _was_made(token: str, session_id: str, generation: int) -> bool:
    for key in secrets.candidates(_PURPOSE):
        mac = hmac.new(key, f"{session_id}.{generation}".encode(), hashlib.sha256).digest()
        made = f"{session_id}.{generation}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        if hmac.compare_digest(made.encode(), token.encode()):
            return True
    return False


def start(account: Account, *, event_id: str | None = None, in_cookie: bool = False) -> Tokens:
    """Start a session of an account and return its first pair of tokens."""
    write, pair = begin(account, event_id=event_id, in_cookie=in_cookie)
    operations.record(write)
    return pair


def begin(account: Account, *, event_id: str | None = None, in_cookie: bool = False) -> tuple[operations.Write, Tokens]:
    """Return the write that starts a session, and its first pair of tokens, valid after the write."""
    now = clock.now()
    session_id = new_id("ses")
    refresh = _token(session_id, 1)
    session = Session(
        *keys.access.session(session_id),
        session_id=session_id,
        portal=account.portal,
        account_id=account.account_id,
        event_id=event_id,
        generation=1,
        token_hash=_hash(refresh),
        rotated_at=now,
        started_at=now,
        expires_at=now + LIFETIME,
        in_cookie=in_cookie,
        ttl=int((now + LIFETIME).timestamp()),
    )
    pair = _pair(account, session, refresh)
    security_log.note_log_in(account.account_id, session_id)
    return operations.put(session, Session.pk.does_not_exist()), pair


def _principal(account: Account, session: Session) -> Principal:
    return Principal(
        portal=account.portal,
        id=account.account_id,
        session_id=session.session_id,
        issued_at=clock.now(),
        name=account.name,
        claims=accounts.claims(account, event_id=session.event_id),
    )


def _pair(account: Account, session: Session, refresh: str) -> Tokens:
    seconds = int(tokens.lifetime(account.portal).total_seconds())
    return Tokens(access=tokens.issue(_principal(account, session)), refresh=refresh, expires_in=seconds)


def refresh(token: str, portal: Portal, *, in_cookie: bool = False) -> Tokens:
    """Spend this refresh token and return the next pair.

    Raises Unauthenticated, TokenExpired, TokenReused (which ends the session) or AccountSuspended.
    """
    session_id, generation = _parse(token)
    session = operations.get(keys.access.session(session_id))
    if session is None or session.portal != portal or session.in_cookie != in_cookie:
        raise Unauthenticated
    if session.ended_at is not None or not _is_genuine(token, session_id, generation):
        raise Unauthenticated
    now = clock.now()
    if now >= session.expires_at:
        raise TokenExpired
    account = operations.get(keys.access.account(session.account_id))
    if account is None or account.status != AccountStatus.ACTIVE:
        raise AccountSuspended
    was_ended = account.sessions_end_before is not None and session.started_at <= account.sessions_end_before
    if was_ended and session_id != account.kept_session_id:
        raise Unauthenticated
    accounts.require_assignment(account, session.event_id)
    if generation == session.generation:
        successor = _rotate(session, token, now)
    else:
        successor = _successor_within_grace(session, generation, now)
    if successor is None:
        end(session_id, ended_because="refresh token reused")
        raise TokenReused
    return _pair(account, session, successor)


def _rotate(session: Session, token: str, now: datetime) -> str | None:
    generation = session.generation
    successor = _token(session.session_id, generation + 1)
    spend = operations.change(
        keys.access.session(session.session_id),
        [
            Session.generation.set(generation + 1),
            Session.token_hash.set(_hash(successor)),
            Session.rotated_at.set(now),
        ],
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


def end(session_id: str, *, ended_because: str) -> None:
    """End one session: its refresh token at once, its access token within REFRESH_SECONDS."""
    actions = [Session.ended_at.set(clock.now())]
    try:
        raw = operations.record(operations.change(keys.access.session(session_id), actions, Session.pk.exists()))
    except operations.ConditionFailed:
        return
    session = Session.from_raw_data(raw)
    lock_outs.revoke(
        session.portal,
        session.account_id,
        session_id=session_id,
        event_ids=[session.event_id] if session.event_id else [],
    )
    accounts.log_security_event(
        "session ended", account_id=session.account_id, session_id=session_id, because=ended_because
    )
