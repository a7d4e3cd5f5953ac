"""Stripe, by its own SDK: payment intents that carry the payment's id.

Amounts here are in minor units of ISO 4217. Each request and each answer is converted (`stripe_amounts`). The keys are
the fields `stripe_api_key` and `stripe_webhook_secret` of the providers' secret. Every request that changes something
has an idempotency key made from the payment's id, so a repeat has no second effect
(docs.stripe.com/api/idempotent_requests).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from chalicelib import clock
from chalicelib.clients import stripe_amounts
from chalicelib.clients.providers import (
    Charge,
    Declined,
    ListedMoney,
    ListedPage,
    MoneyKind,
    Move,
    Notice,
    Opened,
    Outcome,
    OutOfFunds,
    stripe_objects,
)
from chalicelib.clients.providers.stripe_objects import _NOT_REFUNDED
from chalicelib.clients.secrets import PROVIDERS
from chalicelib.config import config
from chalicelib.errors import BadSignature, Unavailable
from chalicelib.observability import logger

NAME = "stripe"
SIGNATURE_HEADER = "stripe-signature"
_API_KEY = "stripe_api_key"
_WEBHOOK_SECRET = "stripe_webhook_secret"  # noqa: S105  # the name of a secret, not one
# Of the endpoint for connected accounts, whose callbacks Stripe signs with a secret of its own.
_CONNECT_SECRET = "stripe_connect_webhook_secret"  # noqa: S105  # the name of a secret, not one
FIELDS = (_API_KEY, _WEBHOOK_SECRET, _CONNECT_SECRET)
# Seconds; with its retries a request ends within the function's 30.
_TIME_OUTS = (2, 6)
_NETWORK_RETRIES = 2
# How old a callback may be, in seconds (Stripe's own default).
_TOLERANCE = 300
_KINDS = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.requires_action",
)
# The callbacks about a refund, about all refunds of a charge, and about a dispute (docs.stripe.com/api/events/types).
_REFUND_KINDS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
_CHARGE_REFUNDED = "charge.refunded"
_DISPUTE = "charge.dispute."
# The families of other callbacks that are counted by name; all others are counted as `other`.
_FAMILIES = (
    "account",
    "balance",
    "charge",
    "customer",
    "payment_intent",
    "payment_method",
    "payout",
    "radar",
    "review",
    "transfer",
)
_REFUNDS_LOOKED_AT = 100
# The payment methods for tests (docs.stripe.com/testing).
_SHARED_METHODS = "pm_card_"
# The refusals of a refund that our balance is too small for (docs.stripe.com/error-codes).
OUT_OF_FUNDS = ("balance_insufficient", "insufficient_funds")
# The parts of a day's list, as its cursor names them, and the intents in it whose outcome is final.
_INTENTS, _REFUNDS, _DISPUTES, _TRANSFERS = _PARTS = ("intents", "refunds", "disputes", "transfers")
_SETTLED = ("succeeded", "canceled")
_LISTED_AT_ONCE = 100
# The callbacks about payouts, of which only the key is read (docs.stripe.com/api/events/types).
_PAYOUT_KINDS = ("payout.paid", "payout.failed", "payout.canceled", "transfer.reversed")


class Stripe:
    """The provider `stripe`."""

    def names_saved_method(self, token: str) -> bool:
        """Whether a token is a payment method's id, and none of those for tests, which all customers share."""
        return not token.startswith(_SHARED_METHODS)

    def forget_method(self, token: str) -> None:
        """Detach a payment method: Stripe then keeps it out of use, and nobody can attach it again."""
        # One that is detached, or that Stripe does not know, is refused; nothing is left to do.
        with suppress(Declined):
            ask(lambda client: client.v1.payment_methods.detach(token))

    def create(self, charge: Charge) -> Opened:
        """Open a payment intent, with the customer's means of payment if it is known."""
        params: dict[str, Any] = {
            "amount": units_of(charge.amount, charge.currency),
            "currency": charge.currency.lower(),
            "payment_method_types": ["card"],
            "metadata": {"payment_id": charge.payment_id},
        }
        if charge.token:
            params["payment_method"] = charge.token
        if charge.token and (charge.is_owner_away or self.names_saved_method(charge.token)):
            params |= _as_saved(charge.token, is_owner_away=charge.is_owner_away)
        key = charge.payment_id
        if charge.token:
            # The same payment with another token is another request, which Stripe would refuse under the same key.
            # A digest, since a token may be any text, and a key is a header of up to 255 letters.
            key += f"/{hashlib.sha256(charge.token.encode()).hexdigest()}"
        intent = ask(lambda client: client.v1.payment_intents.create(params, once(key)))
        return Opened(reference=intent["id"], client_secret=intent["client_secret"])

    def confirm(self, charge: Charge, reference: str) -> Outcome:
        """Confirm an intent that needs nothing else; one that its customer confirmed is only read."""
        intent = _intent(reference)
        if intent["status"] != "requires_confirmation":
            return stripe_objects.outcome_of(intent)
        params: dict[str, Any] = {"off_session": True} if charge.is_owner_away else {}
        if charge.return_url:
            params["return_url"] = charge.return_url
        options = once(f"{charge.payment_id}/confirm/{intent['payment_method']}")
        try:
            return stripe_objects.outcome_of(
                ask(lambda client: client.v1.payment_intents.confirm(reference, params, options))
            )
        except Declined:
            return stripe_objects.outcome_of(_intent(reference))

    def retrieve(self, reference: str) -> Outcome:
        """Return the outcome of an intent."""
        return stripe_objects.outcome_of(_intent(reference))

    def cancel(self, reference: str) -> Outcome:
        """Cancel an intent unless it has succeeded or is being processed."""
        try:
            return stripe_objects.outcome_of(ask(lambda client: client.v1.payment_intents.cancel(reference)))
        except Declined:
            return stripe_objects.outcome_of(_intent(reference))

    def refund(self, reference: str, *, amount: int, currency: str, key: str) -> Move:
        """Refund an intent; a refund whose idempotency key has lapsed is found by what it carries."""
        units = units_of(amount, currency)
        params = {"payment_intent": reference, "amount": units, "metadata": {"refund_key": key}}
        try:
            refund = ask(lambda client: client.v1.refunds.create(params, once(key)))
        except Declined as declined:
            known = _refunds(reference)
            found = [one for one in known if (one["metadata"] or {}).get("refund_key") == key]
            refund = found[0] if found else _refund_again(params, key, declined)
        if refund["status"] in _NOT_REFUNDED:
            raise Declined(f"refund_{refund['status']}")
        return stripe_objects.refund_move({"currency": currency, **refund})

    def accept_dispute(self, reference: str, *, amount: int, currency: str) -> Move:  # noqa: ARG002  # the Protocol's
        """Close a dispute: it is lost from then on; one that is lost already is only read."""
        try:
            return stripe_objects.dispute_move(ask(lambda client: client.v1.disputes.close(reference)), "closed")
        except Declined:
            found = ask(lambda client: client.v1.disputes.retrieve(reference))
            if found["status"] != "lost":
                raise
            return stripe_objects.dispute_move(found, "closed")

    def contest_dispute(self, reference: str, *, evidence: str, key: str) -> None:
        """Submit the evidence of a dispute to the bank."""
        params: Any = {"evidence": {"uncategorized_text": evidence}, "submit": True}
        ask(lambda client: client.v1.disputes.update(reference, params, once(key)))

    def listed(self, day: date, after: str | None) -> ListedPage:
        """Return a page of the payment intents of a day, then of its refunds, its disputes, and its transfers."""
        kind, _, last = (after or _INTENTS).partition(":")
        starts = datetime.combine(day, time.min, tzinfo=UTC)
        within = {"gte": int(starts.timestamp()), "lt": int((starts + timedelta(days=1)).timestamp())}
        asked: Any = {"created": within, "limit": _LISTED_AT_ONCE, **({"starting_after": last} if last else {})}
        page, found = _page(kind, asked)
        if page["has_more"]:
            return ListedPage(found, f"{kind}:{page['data'][-1]['id']}")
        following = _PARTS.index(kind) + 1
        return ListedPage(found, _PARTS[following] if following < len(_PARTS) else None)

    def found(self, reference: str, kind: MoneyKind) -> ListedMoney | None:
        """Return one intent, refund or dispute, or the transfer of a payout by our key."""
        asked: Any = {"expand": ["payment_intent"]}
        try:
            match kind:
                case MoneyKind.CHARGE:
                    return stripe_objects.listed_charge(_intent(reference))
                case MoneyKind.REFUND:
                    return stripe_objects.listed_refund(
                        ask(lambda client: client.v1.refunds.retrieve(reference, asked))
                    )
                case MoneyKind.DISPUTE:
                    return stripe_objects.listed_dispute(
                        ask(lambda client: client.v1.disputes.retrieve(reference, asked))
                    )
                case MoneyKind.PAYOUT:
                    group: Any = {"transfer_group": reference, "limit": _LISTED_AT_ONCE}
                    listed = stripe_objects.our_transfers(ask(lambda client: client.v1.transfers.list(group))["data"])
                    return next((one for one in listed if one.reference == reference), None)
        except Declined as declined:
            if declined.code == "resource_missing":
                return None
            raise

    def balance(self, currency: str) -> int | None:
        """Return the available balance; what is pending cannot be paid back from yet (docs.stripe.com/api/balance)."""
        found = ask(lambda client: client.v1.balance.retrieve())
        units = sum(int(part["amount"]) for part in found["available"] if part["currency"].upper() == currency)
        return stripe_amounts.from_stripe(units, currency)

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> Notice:
        """Return the outcome in a callback, after its signature is verified."""
        _verify(raw, headers.get(SIGNATURE_HEADER))
        try:
            return _notice(json.loads(raw))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadSignature("The body is signed, but it is not an event.") from error


def _as_saved(token: str, *, is_owner_away: bool) -> dict[str, str]:
    """Return a payment method with the Stripe customer that it belongs to, which a charge of it must name.

    One that is saved for charges without its owner belongs to none at first. Stripe would charge it once only, so it is
    attached to a customer of its own (docs.stripe.com/api/payment_methods/attach).
    """
    method = ask(lambda client: client.v1.payment_methods.retrieve(token))
    if is_owner_away and not method.get("customer"):
        key = hashlib.sha256(token.encode()).hexdigest()
        owner = ask(lambda client: client.v1.customers.create({}, once(f"{key}/customer")))["id"]
        method = ask(lambda client: client.v1.payment_methods.attach(token, {"customer": owner}))
    return {"customer": method["customer"]} if method.get("customer") else {}


def _verify(raw: bytes, signature: str | None) -> None:
    """Raise BadSignature unless one of our endpoints' secrets signed a callback just now."""
    import stripe  # heavy, and no other route needs it

    secrets = [_secret(_WEBHOOK_SECRET), *filter(None, [PROVIDERS.field(_CONNECT_SECRET)])]
    for place, secret in enumerate(secrets, 1):
        try:
            stripe.WebhookSignature.verify_header(raw, signature, secret, _TOLERANCE)
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            if place == len(secrets):
                raise BadSignature from error
        else:
            return


def _refund_again(params: dict[str, Any], key: str, declined: Declined) -> dict[str, Any]:
    """Ask again for a refund that was never made because our balance was too small; raise what was declined otherwise.

    Stripe repeats a refusal under its idempotency key for a day, so another try has another key, the same in a minute.
    """
    if declined.code not in OUT_OF_FUNDS:
        raise declined
    again = f"{key}/{int(clock.now().timestamp()) // 60}"
    try:
        return ask(lambda client: client.v1.refunds.create(params, once(again)))
    except Declined as still:
        if still.code in OUT_OF_FUNDS:
            raise OutOfFunds(still.code) from still
        raise


def _notice(event: Mapping[str, Any]) -> Notice:
    event_id, kind, said = str(event["id"]), str(event["type"]), event["data"]["object"]
    if kind in _KINDS:
        payment_id = (said.get("metadata") or {}).get("payment_id")
        return Notice(event_id=event_id, payment_id=payment_id, outcome=stripe_objects.outcome_of(said))
    if kind in _PAYOUT_KINDS and (payout_key := (said.get("metadata") or {}).get("payout_key")):
        return Notice(event_id=event_id, payout_key=str(payout_key))
    is_of_money = kind in (*_REFUND_KINDS, _CHARGE_REFUNDED) or kind.startswith(_DISPUTE)
    if not is_of_money:
        family = kind.partition(".")[0]
        return Notice(event_id=event_id, unknown=family if family in _FAMILIES else "other")
    charge = said.get("payment_intent")
    if not charge:
        return Notice(event_id=event_id)  # a charge of another integration: ours are all payment intents
    if kind.startswith(_DISPUTE):
        moves = [stripe_objects.dispute_move(said, kind.removeprefix(_DISPUTE))]
    elif kind in _REFUND_KINDS:
        moves = [stripe_objects.refund_move(said)]
    else:
        listed = (said.get("refunds") or {}).get("data") or _refunds(charge)
        moves = [stripe_objects.refund_move({"currency": said["currency"], **refund}) for refund in listed]
    return Notice(event_id=event_id, payment_id=_payment_of(charge), charge=charge, moves=tuple(moves))


def _payment_of(intent_id: str) -> str | None:
    """Return the id of the payment that an intent belongs to, or None for an intent that is not ours."""
    try:
        return (_intent(intent_id).get("metadata") or {}).get("payment_id")
    except Declined:
        return None


def _refunds(intent_id: str) -> Sequence[dict[str, Any]]:
    asked = {"payment_intent": intent_id, "limit": _REFUNDS_LOOKED_AT}
    found: Sequence[dict[str, Any]] = ask(lambda client: client.v1.refunds.list(asked))["data"]
    return found


def _page(kind: str, asked: Any) -> tuple[dict[str, Any], tuple[ListedMoney, ...]]:
    """Return a page of one part of a day's list, and what counts of it."""
    with_intent: Any = {**asked, "expand": ["data.payment_intent"]}
    match kind:
        case "intents":
            page = ask(lambda client: client.v1.payment_intents.list(asked))
            return page, tuple(stripe_objects.listed_charge(one) for one in page["data"] if one["status"] in _SETTLED)
        case "refunds":
            page = ask(lambda client: client.v1.refunds.list(with_intent))
            return page, tuple(map(stripe_objects.listed_refund, page["data"]))
        case "disputes":
            page = ask(lambda client: client.v1.disputes.list(with_intent))
            return page, tuple(map(stripe_objects.listed_dispute, page["data"]))
        case _:
            page = ask(lambda client: client.v1.transfers.list(asked))
            return page, stripe_objects.our_transfers(page["data"])


def units_of(amount: int, currency: str) -> int:
    """Return an amount in Stripe's units. Raises Declined for one that it cannot charge."""
    try:
        return stripe_amounts.to_stripe(amount, currency)
    except ValueError as error:
        raise Declined("invalid_amount") from error


def once(key: str) -> dict[str, str]:
    """Return the options of a request that has no second effect under a key."""
    return {"idempotency_key": key}


def _intent(reference: str) -> dict[str, Any]:
    return ask(lambda client: client.v1.payment_intents.retrieve(reference))


def _secret(name: str) -> str:
    value = PROVIDERS.field(name)
    if not value:
        logger.error("the secret has no key of the payment provider", extra={"field": name})
        raise Unavailable("Payments by card are not configured. Try again later.", retry_after=60)
    return value


def forget() -> None:
    """Drop the client that a container keeps."""
    _client.cache_clear()


@lru_cache(maxsize=1)
def _client(key: str, base: str | None) -> Any:
    import stripe  # heavy, and no other route needs it

    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else {},
        max_network_retries=_NETWORK_RETRIES,
        http_client=stripe.RequestsClient(timeout=_TIME_OUTS),
    )


def ask(question: Callable[[Any], Any]) -> dict[str, Any]:
    """Return Stripe's response. Raises Declined if it refuses, Unavailable if it cannot be reached."""
    import stripe  # heavy, and no other route needs it

    try:
        answer: dict[str, Any] = question(_client(_secret(_API_KEY), config().stripe_api_base)).to_dict()
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        raise Declined(error.code or "declined") from error
    except stripe.StripeError as error:
        logger.warning("stripe did not answer", extra={"error": type(error).__name__, "status": error.http_status})
        raise Unavailable("The payment provider cannot be reached. Try again.", retry_after=5) from error
    return answer
