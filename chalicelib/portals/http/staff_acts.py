"""Acts of staff at their routes: who acts, from where, and a refused act's entry in the audit log."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act
from chalicelib.errors import Refusal
from chalicelib.portals.http import request_log

if TYPE_CHECKING:
    from chalicelib.portals.http.route import AnyRoute

_begun: ContextVar[Act | None] = ContextVar("begun_act", default=None)


@contextmanager
def recorded(route: "AnyRoute", request: Any, sent: Mapping[str, str]) -> Iterator[None]:
    """Record the act of a request in the audit log where its route names one; a refused act as well."""
    if not route.audited:
        yield
        return
    act = Act(
        action=route.audited,
        actor_id="",
        role="",
        address=request_log.address_of(request) or "unknown",
        request_id=request_log.request_id_of(request),
    )
    outer = _begun.set(act)
    try:
        with acts.acting(act):
            yield
    except Refusal as refusal:
        # Before the token is verified nobody is known who acts; a replay was recorded the first time.
        if act.actor_id and not refusal.replayed:
            acts.refused(act, code=refusal.code, entity_id=next(iter(sent.values()), None))
        raise
    finally:
        _begun.reset(outer)


def note_principal(principal: Principal) -> None:
    """Name the member of staff who acts in the request that this thread is answering."""
    act = _begun.get()
    if act is not None:
        act.actor_id = principal.id
        act.role = str(principal.claims.get("role") or "")
