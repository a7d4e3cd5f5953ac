"""The routes of a session that every portal has: refresh, log-out, change of password, and a new one by a code."""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic

from chalice import Blueprint
from msgspec import Struct

from chalicelib import errors
from chalicelib.domain.access import accounts, sessions
from chalicelib.domain.access.tokens import Principal
from chalicelib.errors import Refusal
from chalicelib.portals.http import refusals
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.auth import Guard
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import BodyT, Call, Link, ReplyT, Route
from chalicelib.schemas.log_ins import PasswordChangeIn
from chalicelib.schemas.wire import Nothing, RefreshIn, TokensOut
from chalicelib.vocabulary.access import Portal


class Audience(Struct, frozen=True):
    """Whose sessions these are; `name` begins the operation ids."""

    name: str
    portal: Portal
    guard: Guard


class OpenStep(Struct, Generic[BodyT, ReplyT], frozen=True):
    """A step before a log-in: its route, and what it does with the body and the caller's address."""

    path: str
    operation_id: str
    body: type[BodyT]
    reply: type[ReplyT]
    act: Callable[[BodyT, str], ReplyT]
    summary: str


def _no_headers(_: Mapping[str, str]) -> Mapping[str, str]:
    return {}


def add_refresh(
    blueprint: Blueprint, path: str, audience: Audience, *, refuses: tuple[type[Refusal], ...] = ()
) -> None:
    """Add the route that exchanges a refresh token for the next pair."""
    operation_id = f"{audience.name}_refresh"

    @door(
        blueprint,
        Route(
            "POST",
            path,
            guard=None,
            body=RefreshIn,
            reply=TokensOut,
            refresh=True,
            refuses=(*refusals.REFRESH, *refuses),
            links=(Link(operation_id, body={"refresh": "/refresh"}),),
            operation_id=operation_id,
        ),
    )
    def refresh(call: Call[RefreshIn, None]) -> TokensOut:
        """Exchange a refresh token for the next pair."""
        return TokensOut.read(sessions.refresh(call.body.refresh, audience.portal, visitor=call.visitor))


def add_log_out(
    blueprint: Blueprint,
    path: str,
    audience: Audience,
    *,
    headers: Callable[[Mapping[str, str]], Mapping[str, str]] = _no_headers,
) -> None:
    """Add the route that ends the session; `headers` go with the answer."""

    @door(
        blueprint,
        Route(
            "POST",
            path,
            guard=audience.guard,
            reply=Nothing,
            operation_id=f"{audience.name}_logout",
            audited="session.end",
        ),
    )
    def log_out(call: Call[None, None]) -> Reply[Nothing]:
        """End the session."""
        sessions.end(call.principal.session_id, ended_because="logged out")
        return Reply(Nothing(), headers=headers(call.headers))


def _nothing(_: Principal) -> Iterable[str]:
    return ()


def add_change_password(
    blueprint: Blueprint,
    path: str,
    audience: Audience,
    *,
    keeps_session: bool = True,
    also_known: Callable[[Principal], Iterable[str]] = _nothing,
) -> None:
    """Add the route that changes the password and ends the sessions, all but this one where it is kept.

    `also_known` returns what a guesser knows of a caller beside the account.
    """

    def kept(principal: Principal) -> str | None:
        return principal.session_id if keeps_session else None

    @door(
        blueprint,
        Route(
            "POST",
            path,
            guard=audience.guard,
            body=PasswordChangeIn,
            reply=Nothing,
            refuses=refusals.LOG_IN,
            operation_id=f"{audience.name}_change_password",
            audited="password.change",
            summary=f"Change the password and end {'all other sessions' if keeps_session else 'every session'}",
        ),
    )
    def change_password(call: Call[PasswordChangeIn, None]) -> Nothing:
        """Change the password and end the sessions."""
        accounts.change_password(
            call.principal.id,
            old_password=call.body.old_password,
            new_password=call.body.new_password,
            kept_session_id=kept(call.principal),
            also_known=also_known(call.principal),
        )
        return Nothing()


def add_code_for_password(blueprint: Blueprint, step: OpenStep[BodyT, ReplyT], *, then: str) -> None:
    """Add the route that sends a code for a new password; `then` is the operation that sets it.

    The answer has one form and one pace, so that it does not show whether there is an account.
    """

    @door(
        blueprint,
        Route(
            "POST",
            step.path,
            guard=None,
            padded=True,
            body=step.body,
            reply=step.reply,
            status=202,
            refuses=(errors.RateLimited,),
            links=(Link(then),),
            operation_id=step.operation_id,
            summary=step.summary,
        ),
    )
    def send_code(call: Call[BodyT, None]) -> ReplyT:
        """Send a code for a new password."""
        return step.act(call.body, call.address)


def add_password_by_code(blueprint: Blueprint, step: OpenStep[BodyT, ReplyT]) -> None:
    """Add the route that sets a new password by the code, which ends all sessions."""

    @door(
        blueprint,
        Route(
            "POST",
            step.path,
            guard=None,
            padded=True,
            body=step.body,
            reply=step.reply,
            refuses=(*refusals.CODE, errors.Conflict),
            operation_id=step.operation_id,
            summary=step.summary,
        ),
    )
    def set_password(call: Call[BodyT, None]) -> ReplyT:
        """Set a new password by the code and end all sessions."""
        return step.act(call.body, call.address)
