"""Acts of staff at their routes: who acts, from where, and the entry of an act that changed nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act
from chalicelib.errors import Refusal
from chalicelib.portals.http import request_log, variables
from chalicelib.portals.http.answer import Answer
from chalicelib.vocabulary.access import Portal

if TYPE_CHECKING:
    from chalicelib.portals.http.route import AnyRoute

_FAULT = 500
# The `format` of a request for a page.
_OF_PAGES = ("", "json")
_begun: ContextVar["_Begun | None"] = ContextVar("begun_act", default=None)


class _Begun:
    """An act of the request that this thread is answering; `entity_id` is what its path names."""

    def __init__(self, act: Act, entity_id: str) -> None:
        self.act = act
        self.entity_id = entity_id
        self._refusal: Refusal | None = None

    def refuse(self, refusal: Refusal) -> None:
        """Record a refusal once: not a fault, and not the stored answer to an Idempotency-Key."""
        if self.act.is_of_staff and refusal is not self._refusal and not refusal.replayed and refusal.status < _FAULT:
            self._refusal = refusal
            acts.refused(self.act, code=refusal.code, entity_id=self.entity_id)

    def end(self, given: Answer, *, reads: bool) -> None:
        """Record an answered act that has no entry yet, unless the answer is a stored one."""
        if self.act.is_of_staff and "Idempotent-Replayed" not in given.headers:
            acts.ended(self.act, entity_id=self.entity_id, reads=reads)


def recorded(route: "AnyRoute", request: Any, sent: Mapping[str, str], answer: Callable[[], Answer]) -> Answer:
    """Return the answer to a request, recorded in the audit log where its route names an act and staff call it."""
    action = route.audited or _export(route, request)
    if not action:
        return answer()
    address = request_log.address_of(request) or "unknown"
    act = Act(action=action, address=address, request_id=request_log.request_id_of(request))
    begun = _Begun(act, _named(route, sent))
    outer = _begun.set(begun)
    try:
        with acts.acting(act), _refusals_recorded():
            given = answer()
            begun.end(given, reads=route.method == "GET")
            return given
    finally:
        _begun.reset(outer)


def view_recorded(view: Callable[[], Any]) -> Any:
    """Return what a view gives; its refusal is recorded before an Idempotency-Key stores it."""
    with _refusals_recorded():
        return view()


def note_principal(principal: Principal) -> None:
    """Name the caller of the request that this thread is answering; one who is no member of staff is not recorded."""
    begun = _begun.get()
    if begun is not None and principal.portal is Portal.ADMIN:
        begun.act.identify(principal.id, str(principal.claims.get("role") or ""))


@contextmanager
def _refusals_recorded() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        begun = _begun.get()
        if begun is not None:
            begun.refuse(refusal)
        raise


def _export(route: "AnyRoute", request: Any) -> str:
    """Return the act of a request for a file of a list; empty for one that reads a page."""
    wanted = (request.query_params or {}).get("format", "") if route.exports else ""
    return "" if wanted.strip().lower() in _OF_PAGES else route.exports


def _named(route: "AnyRoute", sent: Mapping[str, str]) -> str:
    """Return the id in a request's path, empty where there is none or where the text cannot be one."""
    try:
        return next(iter(variables.parse(route.variables, sent).values()), "")
    except Refusal:
        return ""
