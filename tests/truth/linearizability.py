"""Whether the answers to many callers of one ticket are explained by some order of the calls, one after the other.

After Wing and Gong, "Testing and Verifying Concurrent Objects" (1993): look for an order of the calls that the
ticket's model explains and that puts no call before another that had ended when it began. A call that the model
explains without a change of state may be taken as soon as it can be: taking it later gains nothing. That
leaves the search almost no branches.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One scan of a ticket as its caller saw it; `winner` is the caller that a refusal named as admitted."""

    scan: str
    began: float
    ended: float
    admitted: bool
    winner: str | None = None


def after(admitted_scan: str | None, call: Call) -> tuple[bool, str | None]:
    """The ticket's model: whether it explains the call, and which scan holds the admission afterwards."""
    if admitted_scan is None:
        return call.admitted, call.scan
    if call.scan == admitted_scan:
        return call.admitted, admitted_scan
    return not call.admitted and call.winner in (None, admitted_scan), admitted_scan


def is_linearizable(history: Sequence[Call]) -> bool:
    """Whether some order of the calls explains all of them."""
    return _explains(None, list(history))


def _explains(state: str | None, left: list[Call]) -> bool:
    while left:
        first_end = min(call.ended for call in left)
        ready = [call for call in left if call.began <= first_end]
        steps = [(call, *after(state, call)) for call in ready]
        free = next((call for call, explained, then in steps if explained and then == state), None)
        if free is None:
            return any(
                _explains(then, [other for other in left if other is not call])
                for call, explained, then in steps
                if explained
            )
        left = [call for call in left if call is not free]
    return True
