"""An imitation of Stripe on a socket, as strict as Stripe where our client relies on it.

It honours idempotency keys, refuses to refund more than was paid, declines cards, loses answers after the operation
on demand, and stores the events that it would send; a test signs and delivers them, in any order
(docs.stripe.com/api, docs.stripe.com/webhooks#verify-manually).
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib import clock
from chalicelib.identifiers import new_id
from tests.support import stripe_lists
from tests.support.stripe_payout_double import Answer, PayoutDouble

API_KEY, WEBHOOK_SECRET = "sk_test_of_the_double", "whsec_of_the_double"
GOOD, DECLINED, NEEDS_OWNER = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_authenticationRequired"
_METHODS = (GOOD, DECLINED, NEEDS_OWNER)
_LONGEST_KEY = 255
# What every amount of a currency must be a multiple of, and the least charge (docs.stripe.com/currencies).
_MULTIPLES = {"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}
_LEAST = {"usd": 50, "jpy": 50}
_DIGITS = {"idr": 12}
_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def _now() -> int:
    """Return the time of what is made, by the clock of the test: the provider's day is the platform's."""
    return int(clock.now().timestamp())


def refusal(status: int, kind: str, **more: Any) -> Answer:
    return status, {"error": {"type": kind, "message": kind, **more}}


def invalid(code: str) -> Answer:
    return refusal(400, "invalid_request_error", code=code)


@dataclass
class StripeDouble:
    """The state of a provider: its intents, its refunds, its events, and the requests that it received."""

    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What was submitted to the bank, by dispute.
    evidence: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    # How many of the next answers are lost after the operation was done; and how many are 500.
    lost_answers: int = 0
    broken_answers: int = 0
    # How many requests are answered before all answers are lost; None for all of them.
    answers_left: int | None = None
    # The customer of each method that somebody made; one without a customer is charged once.
    methods: dict[str, str | None] = field(default_factory=dict)
    # Whether a challenge is a page to open, or one for Stripe's own script.
    redirects: bool = True
    # The status of each new refund.
    refund_status: str = "succeeded"
    # What refunds are paid from, in the units of its one currency; without it there is no limit.
    funds: int | None = None
    # How many things a page of a list has at most.
    longest_page: int = 100
    payouts: PayoutDouble = field(default_factory=PayoutDouble)
    _replies: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""

    def answer(
        self, method: str, path: str, params: dict[str, str], key: str | None, account: str | None = None
    ) -> Answer | None:
        """Return status and body, or nothing where the answer is lost on its way."""
        with self._lock:
            self.payouts.account = account
            self.requests.append((method, path, key))
            if self.broken_answers:
                self.broken_answers -= 1
                return refusal(500, "api_error")
            reply = self._once(method, path, params, key)
            if self.answers_left is not None:
                self.answers_left -= 1
                if self.answers_left < 0:
                    return None
            if self.lost_answers:
                self.lost_answers -= 1
                return None
            return reply

    def _once(self, method: str, path: str, params: dict[str, str], key: str | None) -> Answer:
        asked = json.dumps([path, params], sort_keys=True)
        if method != "POST" or key is None:
            return self._do(method, path, params)
        if len(key) > _LONGEST_KEY:
            return invalid("parameter_invalid_string_too_long")
        if key not in self._replies:
            self._replies[key] = (asked, self._do(method, path, params))
        known, reply = self._replies[key]
        return reply if known == asked else refusal(400, "idempotency_error")

    def _do(self, method: str, path: str, params: dict[str, str]) -> Answer:
        match method, path.strip("/").split("/")[1:]:
            case "POST", ["payment_intents"]:
                return self._create(params)
            case "GET", ["payment_intents", name] if name in self.intents:
                return 200, self._shown(name)
            case "POST", ["payment_intents", name, "confirm"] if name in self.intents:
                return self._confirm(name, is_owner_away=params.get("off_session") == "true")
            case "POST", ["payment_intents", name, "cancel"] if name in self.intents:
                return self._cancel(name)
            case "POST", ["refunds"] if params.get("payment_intent") in self.intents:
                return self._refund(params)
            case "GET", ["balance"]:
                return 200, {"object": "balance", "available": [{"amount": self.funds or 0, "currency": "pkr"}]}
            case "GET", ["refunds"] if "payment_intent" in params:
                found = [one for one in self.refunds.values() if one["payment_intent"] == params["payment_intent"]]
                return 200, {"object": "list", "data": found, "has_more": False, "url": "/v1/refunds"}
        listed = self._of_methods(method, path, params) or stripe_lists.answer(self, method, path, params)
        unknown = refusal(404, "invalid_request_error", code="resource_missing")
        return listed or self.payouts.do(method, path, params) or unknown

    def _shown(self, name: str) -> dict[str, Any]:
        return json.loads(json.dumps(self.intents[name]))  # type: ignore[no-any-return]  # a copy of what went in

    def _create(self, params: dict[str, str]) -> Answer:
        method, amount, currency = params.get("payment_method"), int(params["amount"]), params["currency"]
        if amount % _MULTIPLES.get(currency, 1):
            return invalid("parameter_invalid_integer")
        if amount < _LEAST.get(currency, 1):
            return invalid("amount_too_small")
        if len(str(amount)) > _DIGITS.get(currency, 8):
            return invalid("amount_too_large")
        if method is not None and method not in (*_METHODS, *self.methods):
            return invalid("resource_missing")
        if method in self.methods and (self.methods[method] != params.get("customer") or self._is_spent(method)):
            return invalid("payment_method_unexpected_state")
        name = f"pi_{new_id('x')[2:]}"
        self.intents[name] = {
            "id": name,
            "object": "payment_intent",
            "created": _now(),
            "amount": amount,
            "amount_received": 0,
            "currency": currency,
            "customer": params.get("customer"),
            "client_secret": f"{name}_secret_1",
            "metadata": {"payment_id": params["metadata[payment_id]"]},
            "payment_method": method,
            "status": "requires_confirmation" if method else "requires_payment_method",
            "last_payment_error": None,
            "cancellation_reason": None,
        }
        return 200, self._shown(name)

    def _of_methods(self, method: str, path: str, params: dict[str, str]) -> Answer | None:
        match method, path.strip("/").split("/")[1:]:
            case "GET", ["payment_methods", name] if name in (*_METHODS, *self.methods):
                return 200, {"id": name, "object": "payment_method", "customer": self.methods.get(name, "cus_1")}
            case "POST", ["customers"]:
                return 200, {"id": f"cus_{new_id('x')[2:]}", "object": "customer"}
            case "POST", ["payment_methods", name, "attach"] if name in self.methods:
                if self._is_spent(name):
                    return invalid("payment_method_unexpected_state")
                self.methods[name] = params["customer"]
                return self._of_methods("GET", f"/v1/payment_methods/{name}", {})
        return None

    def _is_spent(self, method: str) -> bool:
        used = [
            one for one in self.intents.values() if one["payment_method"] == method and one["status"] == "succeeded"
        ]
        return self.methods[method] is None and bool(used)

    def _confirm(self, name: str, *, is_owner_away: bool = False) -> Answer:
        intent = self.intents[name]
        if intent["status"] != "requires_confirmation":
            return invalid("payment_intent_unexpected_state")
        method = intent["payment_method"]
        error = {"code": "card_declined", "decline_code": "insufficient_funds"} if method == DECLINED else None
        if method == NEEDS_OWNER and is_owner_away:
            error = {"code": "authentication_required"}
        if error is not None:
            intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
            self._tell("payment_intent.payment_failed", name)
            return refusal(402, "card_error", **error)
        if method == NEEDS_OWNER:
            intent |= {"status": "requires_action", "next_action": self._challenge(name)}
            self._tell("payment_intent.requires_action", name)
        else:
            self._take(name)
        return 200, self._shown(name)

    def _challenge(self, name: str) -> dict[str, Any]:
        if not self.redirects:
            return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
        url = f"https://hooks.stripe.example/3ds/{name}?secret=s"
        return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}

    def authenticate(self, name: str, *, is_right: bool = True) -> None:
        """Let the owner of a card act at their bank."""
        with self._lock:
            assert self.intents[name]["status"] == "requires_action"
            self.intents[name]["next_action"] = None
            if is_right:
                self._take(name)
                return
            error = {"code": "payment_intent_authentication_failure"}
            self.intents[name] |= {"status": "requires_payment_method", "payment_method": None}
            self.intents[name]["last_payment_error"] = error
            self._tell("payment_intent.payment_failed", name)

    def _take(self, name: str) -> None:
        intent = self.intents[name]
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
        self._tell("payment_intent.succeeded", name)

    def _cancel(self, name: str) -> Answer:
        intent = self.intents[name]
        if intent["status"] not in _CANCELABLE:
            return invalid("payment_intent_unexpected_state")
        intent["status"] = "canceled"
        self._tell("payment_intent.canceled", name)
        return 200, self._shown(name)

    def _refund(self, params: dict[str, str]) -> Answer:
        name, amount = params["payment_intent"], int(params["amount"])
        if amount % _MULTIPLES.get(self.intents[name]["currency"], 1):
            return invalid("parameter_invalid_integer")
        if self.held(name) < amount:
            return invalid("charge_already_refunded")
        if self.funds is not None:
            if self.funds < amount:
                return invalid("balance_insufficient")
            self.funds -= amount
        refund = {
            "id": f"re_{new_id('x')[2:]}",
            "object": "refund",
            "created": _now(),
            "amount": amount,
            "currency": self.intents[name]["currency"],
            "payment_intent": name,
            "metadata": {"refund_key": params["metadata[refund_key]"]} if "metadata[refund_key]" in params else {},
            "status": self.refund_status,
        }
        self.refunds[str(refund["id"])] = refund
        self._tell_of("refund.created", refund)
        charge = {"id": f"ch_{name[3:]}", "object": "charge", "currency": refund["currency"], "payment_intent": name}
        self._tell_of("charge.refunded", charge)
        return 200, refund

    def _tell(self, kind: str, name: str) -> None:
        self._tell_of(kind, self._shown(name))

    def _tell_of(self, kind: str, said: dict[str, Any]) -> None:
        event = {"id": f"evt_{new_id('x')[2:]}", "object": "event", "type": kind}
        self.events.append({**event, "created": _now(), "data": {"object": json.loads(json.dumps(said))}})

    def refund_by_hand(self, name: str, amount: int) -> str:
        """Refund an intent as staff do on Stripe's own pages; return the refund's id."""
        with self._lock:
            status, refund = self._refund({"payment_intent": name, "amount": str(amount)})
            assert status == 200, refund
            return str(refund["id"])

    def fail_refund(self, refund_id: str) -> None:
        """Let a bank send a refund back, days later."""
        with self._lock:
            self.refunds[refund_id]["status"] = "failed"
            self._tell_of("refund.failed", self.refunds[refund_id])

    def dispute(self, name: str, what: str, status: str, *, amount: int | None = None) -> dict[str, Any]:
        """Tell of a step of the one dispute of an intent; return the event."""
        intent = self.intents[name]
        known = self.disputes.get(f"dp_{name[3:]}", {})
        said = {
            "id": f"dp_{name[3:]}",
            "object": "dispute",
            "created": known.get("created", _now()),
            "amount": amount or intent["amount"],
            "currency": intent["currency"],
            "payment_intent": name,
            "status": status,
            "metadata": {},
        }
        self.disputes[str(said["id"])] = said
        self._tell_of(f"charge.dispute.{what}", said)
        return self.events[-1]

    def held(self, name: str) -> int:
        """Return the charged and not refunded money of an intent."""
        back: int = sum(
            one["amount"]
            for one in self.refunds.values()
            if (one["payment_intent"], one["status"]) == (name, "succeeded")
        )
        return int(self.intents[name]["amount_received"]) - back

    def pay(self, client_secret: str, method: str = GOOD) -> None:
        """Confirm an intent with a card, as the customer's browser does."""
        with self._lock:
            name = client_secret.partition("_secret_")[0]
            if self.intents[name]["status"] in ("requires_payment_method", "requires_confirmation"):
                self.intents[name] |= {"payment_method": method, "status": "requires_confirmation"}
                self._confirm(name)

    def forget_keys(self) -> None:
        """Expire the idempotency keys, as Stripe's expire after a day."""
        with self._lock:
            self._replies.clear()

    def event(self, kind: str) -> dict[str, Any]:
        """Return the last event of a kind."""
        return next(event for event in reversed(self.events) if event["type"].endswith(kind))


def sign(raw: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> str:
    at = int(time.time()) - age
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + raw, hashlib.sha256).hexdigest()}"


def _handler(double: StripeDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            params = dict(parse_qsl(body or url.query))
            if self.headers.get("authorization") != f"Bearer {API_KEY}":
                answer: Answer | None = refusal(401, "invalid_request_error")
            else:
                once, account = self.headers.get("idempotency-key"), self.headers.get("stripe-account")
                answer = double.answer(self.command, url.path, params, once, account)
            if answer is None:
                self.close_connection = True
                return
            content = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002  # the base class's name
            """Write no log line."""

    return Handler


@contextmanager
def running() -> Iterator[StripeDouble]:
    """Serve the double on a free port."""
    double = StripeDouble()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(double))
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
