"""The part of the imitation of Stripe that sends money: connected accounts, transfers to them, and their payouts.

As strict as Stripe where our client relies on it: a transfer needs our balance, a payout that of its account, and one
that fails leaves its money there (docs.stripe.com/connect, docs.stripe.com/api/payouts).
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from chalicelib.identifiers import new_id

Answer = tuple[int, dict[str, Any]]
# What every amount of a currency must be a multiple of: to an account, and to a bank (docs.stripe.com/currencies).
_TRANSFERRED = {"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}
_PAID_OUT = {**_TRANSFERRED, "huf": 100, "twd": 100}


def _refused(code: str) -> Answer:
    return 400, {"error": {"type": "invalid_request_error", "message": code, "code": code}}


@dataclass
class PayoutDouble:
    """Connected accounts, and what was sent to them; `account` is whose request is being answered."""

    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    payouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    # What transfers are made from, in the units of its one currency; without it there is no limit.
    funds: int | None = None
    # The status of each new payout, and the refusal of each new transfer, if any.
    payout_status: str = "paid"
    refusal: str | None = None
    # What has reached an account is not available for a payout yet.
    is_slow: bool = False
    account: str | None = None

    def do(self, method: str, path: str, params: dict[str, str]) -> Answer | None:
        """Answer a request about sending money; None for another one."""
        match method, path.strip("/").split("/")[1:]:
            case "POST", ["accounts"]:
                return self._open(params)
            case "POST", ["transfers"] if params.get("destination") in self.accounts:
                return self._transfer(params)
            case "GET", ["transfers"]:
                return _listed([one for one in self.transfers.values() if one["group"] == params["transfer_group"]])
            case "POST", ["transfers", name, "reversals"] if name in self.transfers:
                return self._reverse(name)
            case "POST", ["payouts"] if self.account in self.accounts:
                return self._pay(params)
            case "GET", ["payouts"]:
                return _listed([one for one in self.payouts.values() if one["account"] == self.account])
        return None

    def held(self, account: str) -> int:
        """Return what a connected account holds."""
        came: int = sum(one["amount"] for one in self.transfers.values() if one["destination"] == account)
        back = sum(
            one["amount"] for one in self.transfers.values() if one["reversed"] and one["destination"] == account
        )
        gone = sum(
            one["amount"]
            for one in self.payouts.values()
            if one["account"] == account and one["status"] not in ("failed", "canceled")
        )
        return int(came - back - gone)

    def sent(self) -> int:
        """Return how much reached a bank, or is on its way there."""
        going = [one for one in self.payouts.values() if one["status"] not in ("failed", "canceled")]
        return sum(int(one["amount"]) for one in going)

    def fail(self, payout_id: str, code: str = "account_closed") -> dict[str, Any]:
        """Let a bank return a payout, also days after it was paid; return the event."""
        self.payouts[payout_id] |= {"status": "failed", "failure_code": code}
        return self.event("payout.failed", self.payouts[payout_id])

    def event(self, kind: str, said: dict[str, Any]) -> dict[str, Any]:
        """Return an event about an object."""
        made = {"id": f"evt_{new_id('x')[2:]}", "object": "event", "type": kind, "created": int(time.time())}
        self.events.append({**made, "account": said.get("account"), "data": {"object": json.loads(json.dumps(said))}})
        return self.events[-1]

    def _open(self, params: dict[str, str]) -> Answer:
        name = f"acct_{new_id('x')[2:]}"
        self.accounts[name] = {"id": name, "object": "account", "iban": params["external_account[account_number]"]}
        return 200, self.accounts[name]

    def _transfer(self, params: dict[str, str]) -> Answer:
        amount = int(params["amount"])
        if self.refusal:
            return _refused(self.refusal)
        if amount % _TRANSFERRED.get(params["currency"], 1):
            return _refused("parameter_invalid_integer")
        if self.funds is not None:
            if self.funds < amount:
                return _refused("balance_insufficient")
            self.funds -= amount
        name = f"tr_{new_id('x')[2:]}"
        self.transfers[name] = {
            "id": name,
            "object": "transfer",
            "amount": amount,
            "currency": params["currency"],
            "created": int(time.time()),
            "destination": params["destination"],
            "group": params["transfer_group"],
            "metadata": {"payout_key": params["metadata[payout_key]"], "statement": params["metadata[statement]"]},
            "reversed": False,
        }
        return 200, self.transfers[name]

    def _reverse(self, name: str) -> Answer:
        made = self.transfers[name]
        if made["reversed"] or self.held(made["destination"]) < made["amount"]:
            return _refused("balance_insufficient")
        made["reversed"] = True
        if self.funds is not None:
            self.funds += made["amount"]
        self.event("transfer.reversed", made)
        return 200, {"id": f"trr_{new_id('x')[2:]}", "object": "transfer_reversal", "amount": made["amount"]}

    def _pay(self, params: dict[str, str]) -> Answer:
        amount = int(params["amount"])
        if amount % _PAID_OUT.get(params["currency"], 1):
            return _refused("parameter_invalid_integer")
        if self.is_slow or self.held(str(self.account)) < amount:
            return _refused("balance_insufficient")
        name = f"po_{new_id('x')[2:]}"
        self.payouts[name] = {
            "id": name,
            "object": "payout",
            "account": self.account,
            "amount": amount,
            "currency": params["currency"],
            "metadata": {"payout_key": params["metadata[payout_key]"]},
            "statement_descriptor": params.get("statement_descriptor"),
            "status": self.payout_status,
            "failure_code": None,
        }
        self.event(f"payout.{self.payout_status}", self.payouts[name])
        return 200, self.payouts[name]


def _listed(found: list[dict[str, Any]]) -> Answer:
    return 200, {"object": "list", "data": found, "has_more": False, "url": "/v1/listed"}
