"""Payouts by Stripe Connect: money goes to a connected account of the organizer, and from there to the bank.

A transfer moves it to the connected account, a payout from there to the IBAN. Both carry our key: the transfer as its
group, which Stripe can look up, the payout in its metadata. So a lost answer is found, also after Stripe has forgotten
the idempotency key (a day). A payout that fails leaves its money on the connected account; the transfer is reversed
before the failure is reported, so another attempt does not pay twice.

docs.stripe.com/connect/separate-charges-and-transfers, docs.stripe.com/api/payouts, docs.stripe.com/connect/payouts
"""

from collections.abc import Mapping
from typing import Any

from chalicelib import clock
from chalicelib.clients.providers import BalanceTooLow, Declined, Payee, Sent, Transfer, TransferStatus
from chalicelib.clients.providers.stripe import OUT_OF_FUNDS, ask, once, units_of
from chalicelib.errors import Unavailable
from chalicelib.observability import logger

_KEY, _STATEMENT = "payout_key", "statement"
# A connected account is one organizer's, which has few payouts at a time.
_LOOKED_AT = 100
# The states of a payout (docs.stripe.com/api/payouts/object). All others are on their way.
_STATES = {"paid": TransferStatus.PAID, "failed": TransferStatus.FAILED, "canceled": TransferStatus.FAILED}
# Most banks show this many letters (docs.stripe.com/api/payouts/create).
_STATEMENT_LETTERS = 22

_Shown = dict[str, Any]


class StripePayouts:
    """The provider of payouts `stripe`."""

    def receiver(self, payee: Payee) -> str | None:
        """Open a connected account that pays to the IBAN when we say so; the same payee's again returns the same."""
        country = payee.iban[:2]
        params: Any = {
            "type": "custom",
            "country": country,
            "business_profile": {"name": payee.holder},
            "capabilities": {"transfers": {"requested": True}},
            "external_account": {
                "object": "bank_account",
                "country": country,
                "currency": payee.currency.lower(),
                "account_holder_name": payee.holder,
                "account_number": payee.iban,
            },
            "settings": {"payouts": {"schedule": {"interval": "manual"}}},
            "metadata": {"payee": payee.key},
        }
        return str(ask(lambda client: client.v1.accounts.create(params, once(f"{payee.key}/account")))["id"])

    def send(self, transfer: Transfer) -> Sent:
        """Send money once for each key. Raises Declined, BalanceTooLow, Unavailable."""
        known = _transfer_of(transfer.key)
        if known is None:
            if transfer.receiver is None:
                raise Declined("no_receiver")
            known = _made(transfer)
        return _came_to(known, transfer.key)

    def find(self, key: str) -> Sent | None:
        """Return what became of the money with a key. What reached the connected account only goes on to the bank."""
        known = _transfer_of(key)
        return None if known is None else _came_to(known, key)


def _transfer_of(key: str) -> _Shown | None:
    params: Any = {"transfer_group": key, "limit": _LOOKED_AT}
    listed = ask(lambda client: client.v1.transfers.list(params))["data"]
    return next((one for one in listed if (one.get("metadata") or {}).get(_KEY) == key), None)


def _made(transfer: Transfer) -> _Shown:
    """Move money to the connected account. Raises BalanceTooLow, Declined."""
    params: Any = {
        "amount": units_of(transfer.amount, transfer.currency),
        "currency": transfer.currency.lower(),
        "destination": transfer.receiver,
        "transfer_group": transfer.key,
        "metadata": {_KEY: transfer.key, _STATEMENT: transfer.reference[:_STATEMENT_LETTERS]},
    }
    try:
        return ask(lambda client: client.v1.transfers.create(params, once(f"{transfer.key}/transfer")))
    except Declined as declined:
        if declined.code not in OUT_OF_FUNDS:
            raise
    # Stripe repeats a refusal under its idempotency key for a day, so another try has another key, the same in a
    # minute. One that was made under an earlier key was found by its group.
    again = f"{transfer.key}/transfer/{int(clock.now().timestamp()) // 60}"
    try:
        return ask(lambda client: client.v1.transfers.create(params, once(again)))
    except Declined as still:
        if still.code in OUT_OF_FUNDS:
            raise BalanceTooLow from still
        raise


def _came_to(transfer: Mapping[str, Any], key: str) -> Sent:
    """Return what became of a transfer and its payout, which is made here if it was not made yet."""
    if transfer["reversed"] and _payout_of(transfer, key) is None:
        return Sent(str(transfer["id"]), TransferStatus.FAILED, "transfer_reversed")
    payout = _payout_of(transfer, key) or _paid_out(transfer, key)
    if payout is None:
        return Sent(str(transfer["id"]), TransferStatus.PENDING)
    status = _STATES.get(payout["status"], TransferStatus.PENDING)
    if status is TransferStatus.FAILED:
        _take_back(transfer, key)
        return Sent(str(payout["id"]), status, payout.get("failure_code") or f"payout_{payout['status']}")
    if transfer["reversed"]:
        # Somebody took the money back on Stripe's own pages while its payout went on: staff must look.
        logger.error("a transfer was reversed beside its payout", extra={"payout_key": key})
    return Sent(str(payout["id"]), status)


def _on(transfer: Mapping[str, Any]) -> dict[str, str]:
    return {"stripe_account": str(transfer["destination"])}


def _payout_of(transfer: Mapping[str, Any], key: str) -> _Shown | None:
    params: Any = {"created": {"gte": transfer["created"]}, "limit": _LOOKED_AT}
    listed = ask(lambda client: client.v1.payouts.list(params, _on(transfer)))["data"]
    return next((one for one in listed if (one.get("metadata") or {}).get(_KEY) == key), None)


def _paid_out(transfer: Mapping[str, Any], key: str) -> _Shown | None:
    """Pay out what a transfer brought; None while it is not available on the connected account yet."""
    params: Any = {
        "amount": transfer["amount"],
        "currency": transfer["currency"],
        "statement_descriptor": (transfer.get("metadata") or {}).get(_STATEMENT),
        "metadata": {_KEY: key},
    }
    # A refusal is repeated under its key; a payout that was made under another one is found by its metadata.
    minute = int(clock.now().timestamp()) // 60
    options = {**once(f"{key}/payout/{minute}"), **_on(transfer)}
    try:
        return ask(lambda client: client.v1.payouts.create(params, options))
    except Declined as declined:
        if declined.code in OUT_OF_FUNDS:
            return None
        _take_back(transfer, key)
        raise


def _take_back(transfer: Mapping[str, Any], key: str) -> None:
    """Reverse a transfer whose money did not reach the bank. Raises Unavailable where that is refused."""
    if transfer["reversed"]:
        return
    name, options = str(transfer["id"]), once(f"{key}/reversal")
    try:
        ask(lambda client: client.v1.transfers.reversals.create(name, {}, options))
    except Declined as declined:
        logger.error("a transfer cannot be reversed", extra={"payout_key": key, "code": declined.code})
        raise Unavailable("The transfer cannot be taken back yet.", retry_after=60) from declined
