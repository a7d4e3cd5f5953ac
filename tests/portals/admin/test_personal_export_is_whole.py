"""The staff's export of a customer, and the certificate of their erasure, name every kind of item that is about them.

A kind is about a customer if one of its items names the customer's id. A walk through the table finds those that are
there once the customer has done everything, and the attributes of a class say if it could name one. Each is exported,
or here with the reason why not.
"""

import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.access import accounts
from chalicelib.domain.payments import sandbox_callbacks
from chalicelib.domain.personal_data import erasures
from chalicelib.domain.personal_data.inventory import INVENTORY
from chalicelib.domain.personal_data.places import PLACES
from chalicelib.table import items, keys, operations
from chalicelib.table.families import OF_KIND
from chalicelib.table.items import Item, Payment, PersonalExport
from chalicelib.vocabulary.work import JobStatus
from chalicelib.workers import jobs
from tests.portals.admin.person import Somebody, make_somebody
from tests.portals.webapp.evening import ask
from tests.support import payers, wallets
from tests.support.client import call
from tests.support.factories import admin_token, make_customer
from tests.support.shops import make_shop
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
_NAMES_A_CUSTOMER = re.compile("customer_id$|^owner_id$|^account_id$|^giver_id$|^claimed_by$")

# What is not in the export, and why.
LEFT_OUT: dict[type[Item], str] = {
    **dict.fromkeys(
        (items.ListEntry, items.ListWord, items.Listener, items.AttendeeWord, items.RecentAct),
        "a copy that the stream makes of another",
    ),
    **dict.fromkeys(
        (items.CardRequestOwner, items.OpenPayment, items.NewestCardClaim), "a pointer to an item of the export"
    ),
    **dict.fromkeys((items.IdempotencyRecord, items.Operation, items.JobRequest), "an answer that the customer got"),
    **dict.fromkeys((items.LiveTicket, items.LockOut, items.Throttle), "a guard that ends by its TTL"),
    **dict.fromkeys(
        (items.Job, items.PersonalExport, items.Erasure, items.ExportRun), "work of the staff; the audit log has it"
    ),
    items.SavedMethod: "the digest of a token that its balance has",
    items.CardClaim: "found by the token of its link alone, and it ends by its TTL; the balance is in the export",
    items.AuditHead: "the head of a chain",
    items.SentMessage: "a mark without content",
    items.NoticeRun: "work on an event's customers",
    items.ProviderEvent: "a mark without content",
    items.SandboxCharge: "the test provider's own record",
}


def run(job_id: str) -> None:
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        for _ in range(80):
            job = operations.get(keys.jobs.job(job_id))
            if job is None or job.status != JobStatus.OPEN:
                return
            jobs.run_step(job_id)
    raise AssertionError("the job has no end")


def exported(customer_id: str) -> dict[str, Any]:
    started = call("GET", f"/api/customers/{customer_id}/export/", token=admin_token())
    run(started.json["job_id"])
    job = operations.get(keys.personal_data.export(started.json["job_id"]))
    assert isinstance(job, PersonalExport)
    packed = zipfile.ZipFile(io.BytesIO(files.read(str(job.file_key), limit=10**8) or b""))
    found: dict[str, Any] = json.loads(packed.read("customer.json"))
    return found


def kinds_in(content: dict[str, Any]) -> set[str]:
    return {each["kind"] for place in PLACES for each in content[place.name]}


def kinds_that_name(customer_id: str) -> set[str]:
    """Return the classes of the items in the table that name a customer."""
    pages = operations.client().get_paginator("scan").paginate(TableName="gatehouse", ConsistentRead=True)
    raws = [raw for page in pages for raw in page["Items"]]
    named = {raw["kind"]["S"] for raw in raws if customer_id in json.dumps(raw, default=str) and "kind" in raw}
    return {OF_KIND[kind].__name__ for kind in named}


def live_through_everything(somebody: Somebody) -> None:
    """Have a shop hand over a card, a payment disputed, money paid back and left, a ticket given and asked back."""
    customer, stream = somebody.account, StreamReader()
    shop = make_shop()
    shop.hand_over(shop.stock()[0], customer)
    shop.hold(shop.stock()[0], customer)
    for word in (MoveWord.OPENED, MoveWord.WITHDRAWN):
        (payment, *_) = [one for one in _payments(customer.account_id) if one.provider_reference]
        said = Move("dp_1", MoveKind.DISPUTE, 1_000, payment.currency, (word,))
        reference = str(payment.provider_reference)
        raw = sandbox_callbacks.moved(payment.payment_id, reference, said, event_id=f"sbe_{word}")
        assert payers.post_webhook(raw).status == 200
    card = wallets.make_card(customer)
    opened = payers.ask(customer, "process", {"card_id": card.card_id, "amount": "300.00", "method": "card"})
    payers.confirm(customer, opened.json["id"])
    stream.drain()
    act = {"ids": [card.card_id], "action": "pay_back"}
    assert call("POST", "/api/finances/unclaimed/", act, token=admin_token()).status == 200
    first, second = somebody.evening.sell(customer), somebody.evening.sell(customer)
    assert ask(customer, "POST", f"{first.ticket_id}/refund-request/", {"reason": "Ill"}).status == 201
    given = {"mobile_number": make_customer().mobile_number, "name": "A cousin"}
    assert ask(customer, "POST", f"{second.ticket_id}/gift/", given, key=second.ticket_id).status == 201
    label = {"labels": ["regular"], "version": accounts.get(customer.account_id).version}
    assert call("PUT", f"/api/customers/{customer.account_id}/", label, token=admin_token()).status == 200
    while stream.drain():
        pass


def _payments(customer_id: str) -> list[Payment]:
    raws = operations.query(keys.money.customer_payments(customer_id).pk, index="gsi1")
    return list(operations.get_many(operations.places_of(Payment, raws)).values())


def test_the_export_and_the_certificate_name_each_kind_that_names_the_customer() -> None:
    somebody = make_somebody()
    customer_id = somebody.account.account_id
    live_through_everything(somebody)
    left_out = {cls.__name__ for cls in LEFT_OUT}
    content = exported(customer_id)
    found = kinds_in(content)
    assert kinds_that_name(customer_id) - found - left_out == set()
    assert found & left_out == set(), "it is in the export, so it needs no reason"
    # What names no customer, and is about one by its payment or its card.
    assert {"CardPayBack", "Invoice", "CardEntry", "Dispute", "Leftover", "Assignment"} <= found
    assert {each["status"] for each in content["hand_overs"]} == {"active", "awaiting_otp"}
    may = {cls.__name__ for cls in INVENTORY if any(map(_NAMES_A_CUSTOMER.search, cls.get_attributes()))}
    assert may - found - left_out == set()
    # The certificate lists each stage with what was looked through; the log-in goes with the account.
    assert {place.name for place in PLACES} - {"login"} <= {name for name, _ in erasures.STAGES}
