"""What the imitation of Stripe lists and shows: intents, refunds, disputes and transfers, and its staff's disputes.

Lists are newest first, with a cursor by id and a filter of times (docs.stripe.com/api/pagination, .../api/disputes).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.support.stripe_payout_double import Answer

if TYPE_CHECKING:
    from tests.support.stripe_double import StripeDouble

_CLOSED = ("won", "lost")


def answer(double: "StripeDouble", method: str, path: str, params: Mapping[str, str]) -> Answer | None:
    """Return the answer to a request of this kind; None for any other."""
    kinds = {"payment_intents": double.intents, "refunds": double.refunds, "disputes": double.disputes}
    match method, path.strip("/").split("/")[1:]:
        case "GET", [kind] if kind in kinds and "payment_intent" not in params:
            expands = params.get("expand[0]") == "data.payment_intent"
            return 200, _listed(double, list(kinds[kind].values()), params, expands=expands)
        case "GET", ["transfers"] if "transfer_group" not in params:
            return 200, _listed(double, list(double.payouts.transfers.values()), params, expands=False)
        case "GET", ["refunds" | "disputes" as kind, name] if name in kinds[kind]:
            shown = kinds[kind][name]
            return 200, _expanded(double, shown) if params.get("expand[0]") == "payment_intent" else shown
        case "POST", ["disputes", name, "close"] if name in double.disputes:
            return _answered(double, name, "lost")
        case "POST", ["disputes", name] if name in double.disputes and params.get("submit") == "true":
            double.evidence[name] = params["evidence[uncategorized_text]"]
            return _answered(double, name, "under_review")
    return None


def _answered(double: "StripeDouble", name: str, status: str) -> Answer:
    dispute = double.disputes[name]
    if dispute["status"] in _CLOSED:
        return 400, {"error": {"type": "invalid_request_error", "message": "closed", "code": "charge_dispute_closed"}}
    dispute["status"] = status
    return 200, dispute


def _listed(
    double: "StripeDouble", found: Sequence[dict[str, Any]], params: Mapping[str, str], *, expands: bool
) -> dict[str, Any]:
    begins, ends = int(params.get("created[gte]", 0)), int(params.get("created[lt]", 2**40))
    newest = [one for one in reversed(found) if begins <= one["created"] < ends]
    names = [one["id"] for one in newest]
    start = names.index(params["starting_after"]) + 1 if "starting_after" in params else 0
    size = min(int(params.get("limit", 10)), double.longest_page)
    page = newest[start : start + size]
    data = [_expanded(double, one) if expands else one for one in page]
    return {"object": "list", "data": data, "has_more": start + size < len(newest), "url": "/v1"}


def _expanded(double: "StripeDouble", said: Mapping[str, Any]) -> dict[str, Any]:
    return {**said, "payment_intent": double.intents.get(said["payment_intent"], said["payment_intent"])}
