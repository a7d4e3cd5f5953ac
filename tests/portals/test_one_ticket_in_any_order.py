"""One ticket at gates with and without the network, and what becomes of it meanwhile, in any order of acts.

A model of a few lines says what each scan is. At the end all portals must show the same, and the same records again
must change nothing.
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import new_accounts, sessions
from chalicelib.domain.tickets import credentials, tickets
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from tests.portals.webapp.evening import card_of
from tests.support import fault_days, payers, purchases
from tests.support.caches import forget_answers
from tests.support.client import Answer, call
from tests.support.factories import (
    PASSWORD,
    customer_token,
    make_card,
    make_customer,
    make_organizer,
    make_reader,
    make_usher,
    scan_id,
    token_of,
    usher_token,
)
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.usefixtures("moto_cloud"), pytest.mark.timeout(3000)]
ORDERS = size_of("ORDERS_OF_ONE_TICKET", small=2, full=60)
BEGINS = datetime(2027, 3, 2, 18, tzinfo=UTC)
STEP = timedelta(minutes=10)
Shown = dict[str, str]
Claim = tuple[datetime, str, str]


@dataclass
class Timeline:
    """What something was, and since when."""

    values: list[tuple[datetime, str]]

    def at(self, moment: datetime) -> str:
        return [value for since, value in self.values if since <= moment][-1]


@dataclass
class Model:
    """What is true of the ticket: whose it is, whether it is valid, the card that opens it, and who passed with it."""

    re_entry: bool
    status: Timeline
    owner: Timeline
    card: Timeline
    opened_by: Timeline
    claims: list[Claim] = field(default_factory=list)
    conflicts: dict[str, str] = field(default_factory=dict)

    def is_good(self, shown: Shown, moment: datetime, *, holder: str) -> bool:
        """Whether what is shown opened the ticket at a moment: a card its customer's, a code its present holder's."""
        if self.status.at(moment) != "valid" or self.owner.at(moment) != holder:
            return False
        return "qr" in shown or (self.card.at(moment) == "active" and self.opened_by.at(moment) == "her card")

    def settled(self) -> tuple[dict[str, str], str | None]:
        """Return the effect of each claim by the id of its scan, and where the bearer is."""
        where, effects = None, {}
        for _, name, way in sorted(self.claims):
            if way == "exit":
                effects[name], where = ("leave", "out") if where == "in" else ("nothing", where)
            elif where == "in" or (where == "out" and not self.re_entry):
                effects[name] = "double"
            else:
                effects[name], where = "admission" if where is None else "return", "in"
        return effects, where


class Evening:
    """The ticket with its people and gates; each act is some minutes after the one before."""

    def __init__(self, stream: StreamReader, *, re_entry: bool) -> None:
        self.now, self.stream, self.scans = BEGINS - timedelta(hours=1), stream, 0
        with self.clock():
            organizer = make_organizer()
            self.event, category = purchases.make_show(
                starts_at=BEGINS,
                ends_at=BEGINS + timedelta(hours=8),
                organizer_id=organizer.account_id,
                scanning_opens_at=BEGINS - timedelta(hours=2),
                gates=["North", "South"],
                re_entry_allowed=re_entry,
            )
            self.organizer, self.her, self.him = organizer, make_customer(), make_customer(name="Bilal Ahmed")
            self.card = card_of(self.her, _uid())
            card_of(self.him, _uid())
            self.spare = make_card(status=CardStatus.STOCK)
            order = purchases.book(self.her, category, card_uid=self.card.uid)
            payment = payers.process(self.her, order, token="tok_ok").json
            assert payers.confirm(self.her, payment["id"]).json["status"] == "succeeded"
            self.ticket_id = order.tickets[0]["ticket_id"]
            code = credentials.encode(self.ticket_id, event_id=self.event.event_id, credential=1)
            self.code = {"qr": code}
            self.reader, self.usher = make_reader(self.event, gate="North"), make_usher(self.event)
            self.staff = _staff()
        status, owner, card, opened_by = (
            Timeline([(self.now, each)]) for each in ("valid", "her", "active", "her card")
        )
        self.model = Model(re_entry, status, owner, card, opened_by)
        self.waiting: dict[str, list[dict[str, Any]]] = {"reader": [], "phone": []}
        self.sent: dict[str, list[dict[str, Any]]] = {"reader": [], "phone": []}
        self.seen: dict[str, str | None] = {"reader": None, "phone": None}

    def clock(self) -> Any:
        return clock.set_to(self.now)

    def ask(self, method: str, path: str, body: Any = None, *, by: Account) -> Answer:
        return call(method, path, body, token=sessions.start(by).access)

    def at_gate(self, method: str, path: str, body: Any = None) -> Any:
        answer = call(method, path, body, token=usher_token(self.event, self.usher))
        assert answer.status == 200, answer.text
        return answer.json

    def drain(self) -> None:
        while self.stream.drain():
            pass

    # Gates

    def decide(self, gate: str, shown: Shown, *, leaves: bool = False) -> None:
        """Decide a scan without the network, by a snapshot of before the evening and what passed here."""
        self.scans += 1
        where = self.seen[gate]
        if leaves:
            may = where == "in" and self.model.re_entry
        else:
            may = where is None or (where == "out" and self.model.re_entry)
        refusal = {"result": "invalid", "reason": "on_exit_not_inside"} if leaves else {"result": "already_scanned"}
        if may:
            self.seen[gate] = "out" if leaves else "in"
        record = {"scan_id": scan_id(), "scanned_at": clock.to_text(self.now), "kind": "leave" if leaves else "scan"}
        self.waiting[gate].append(record | shown | {"offline": {"result": "valid"} if may else refusal})

    def upload(self, gate: str) -> None:
        records, self.waiting[gate] = self.waiting[gate], []
        self.sent[gate] += records
        for record, verdict in zip(records, self.post(gate, records), strict=True):
            at = datetime.fromisoformat(record["scanned_at"])
            expected: tuple[str, str | None] = ("accepted", None)
            if record["offline"]["result"] != "valid":
                pass
            elif self.model.is_good(record, at, holder="her"):
                self.model.claims.append((at, record["scan_id"], "exit" if record["kind"] == "leave" else "entry"))
                is_double = self.model.settled()[0][record["scan_id"]] == "double"
                expected = ("conflict", "double_admission") if is_double else expected
            else:
                expected = ("conflict", "revoked_before")
                self.model.conflicts[record["scan_id"]] = "revoked_before"
            conflict = verdict["conflict"] and verdict["conflict"]["kind"]
            assert (verdict["status"], conflict) == expected, (record, verdict)

    def post(self, gate: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not records:
            return []
        device_time = clock.to_text(clock.now())
        if gate == "reader":
            body = {"taps": records, "device_time": device_time}
            return list(call("POST", "/api/device/taps/", body, token=self.reader.token()).json["results"])
        return list(
            self.at_gate("POST", "/api/usher/sync/logs/", {"logs": records, "device_time": device_time})["results"]
        )

    def scan(self, shown: Shown, *, holder: str = "her", path: str = "/api/usher/scan/result/") -> None:
        """Scan with the network, or check in by hand."""
        self.scans += 1
        name = scan_id()
        if path.startswith("/api/usher"):
            found = self.at_gate("POST", path, {"scan_id": name, "gate": "South", **shown})
        else:
            found = self.ask("POST", path, {"scan_id": name, "gate": "South"}, by=self.staff).json
        where = self.model.settled()[1]
        may = where is None or (where == "out" and self.model.re_entry)
        if self.model.is_good(shown, self.now, holder=holder):
            assert found["result"] == ("valid" if may else "already_scanned"), found
            if may:
                self.model.claims.append((self.now, name, "entry"))
        else:
            assert found["result"] in ("invalid", "not_found"), found

    # What becomes of the ticket and the card

    def becomes(
        self, answer: Answer, status: str | None = None, *, owner: str | None = None, card: str = "none"
    ) -> None:
        """Note what an answer says: somebody who is known to be inside keeps the ticket."""
        effects, _ = self.model.settled()
        assert (answer.status < 300) or "admission" in effects.values(), answer.text
        if answer.status < 300:
            for timeline, value in ((self.model.status, status), (self.model.owner, owner)):
                if value is not None:
                    timeline.values.append((self.now, value))
            self.model.opened_by.values.append((self.now, card))

    # The end

    def check(self) -> dict[str, Any]:
        """Require that each place where it is shown says what the model says; return what they say."""
        effects, where = self.model.settled()
        admitted, inside, outside = int("admission" in effects.values()), int(where == "in"), int(where == "out")
        conflicts = {name: "double_admission" for name, effect in effects.items() if effect == "double"}
        conflicts |= self.model.conflicts
        event_id = self.event.event_id
        status = self.at_gate("GET", f"/api/usher/events/{event_id}/status/")
        assert (status["admitted"], status["inside"], status["on_leave"]) == (admitted, inside, outside)
        own = call("GET", f"/api/organizer/events/{event_id}/", token=token_of(self.organizer)).json["analytics"]
        came, of_all = (
            own["check_ins"],
            call("GET", "/api/organizer/dashboard/stats/", token=token_of(self.organizer)).json,
        )
        counted = [sum(one["count"] for one in came["by_hour"]), sum(one["admitted"] for one in came["by_gate"])]
        assert [came["admitted"], *counted, of_all["checked_in"]] == [admitted] * 4
        assert (came["on_leave"], of_all["check_in_rate"] <= 1) == (outside, True)
        shown = self.ask("GET", f"/api/tickets/{self.ticket_id}/", by=self.staff).json
        assert shown["scan_status"] == ("scanned" if admitted else "not_scanned")
        log = self.at_gate("GET", "/api/usher/scan/logs/?page_size=100")["results"]
        of_staff = self.ask("GET", f"/api/logs/checkin/?event_id={event_id}&page_size=100", by=self.staff).json[
            "results"
        ]
        entries = {one["scan_id"]: (one["result"], one["reason"], one["conflict"]) for one in log}
        assert entries == {one["scan_id"]: (one["result"], one["reason"], one["conflict"]) for one in of_staff}
        assert {name: conflict for name, (_, _, conflict) in entries.items() if conflict} == conflicts
        assert self.at_gate("GET", "/api/usher/sync/status/")["pending_conflicts"] == len(conflicts)
        results = [result for result, _, _ in entries.values()]
        refused = {"duplicates_refused": results.count("already_scanned")}
        refused["invalid_refused"] = results.count("invalid") + results.count("not_found")
        for name, count in refused.items():
            assert came[name] == sum(one[name] for one in came["by_gate"]) == count, name
        out = self.at_gate("GET", "/api/usher/scan/part-time-leave/")["results"]
        if self.model.re_entry:
            assert [one["status"] for one in out].count("open") == outside
            assert len(out) == list(effects.values()).count("leave")
        assert len(log) == self.scans
        admission = tickets.get(self.ticket_id).admission
        assert (admission and admission.scan_id) == next((n for n, e in effects.items() if e == "admission"), None)
        return {"status": status["last_scan_at"], "came": came, "log": entries, "out": out}


def _uid() -> str:
    return f"04{uuid.uuid4().hex[:12].upper()}"


def _staff() -> Account:
    email = f"{scan_id()}@example.com"
    return new_accounts.create_admin(email=email, password=PASSWORD, name="Staff", role=AdminRole.SUPER_ADMIN)


def transfer(evening: Evening) -> None:
    path, body = f"/api/v1/users/tickets/{evening.ticket_id}/", {"mobile_number": evening.him.mobile_number}
    answer = call("POST", f"{path}transfer/", body, token=customer_token(evening.her))
    evening.becomes(answer, owner="him", card="his card")


def gift(evening: Evening) -> None:
    path = f"/api/v1/users/tickets/{evening.ticket_id}/gift/"
    body = {"mobile_number": evening.him.mobile_number, "name": "Bilal"}
    evening.becomes(call("POST", path, body, token=customer_token(evening.her)), owner="him", card="his card")


def transfer_by_staff(evening: Evening) -> None:
    body = {"mobile_number": evening.him.mobile_number, "reason": "Asked by phone."}
    answer = evening.ask("POST", f"/api/tickets/{evening.ticket_id}/transfer/", body, by=evening.staff)
    evening.becomes(answer, owner="him", card="his card")


def refund(evening: Evening) -> None:
    body = {"ticket_id": evening.ticket_id, "reason": "The customer fell ill."}
    opened = evening.ask("POST", "/api/refund-requests/", body, by=evening.staff)
    if opened.status == 201:
        path = f"/api/refund-requests/{opened.json['id']}/"
        opened = evening.ask("PUT", path, {"decision": "approve"}, by=_staff())
    evening.becomes(opened, "refunded")


def cancel(evening: Evening) -> None:
    path = f"/api/tickets/{evening.ticket_id}/"
    version = evening.ask("GET", path, by=evening.staff).json["version"]
    body = {"status": "cancelled", "reason": "Bought twice.", "version": version}
    evening.becomes(evening.ask("PUT", path, body, by=evening.staff), "cancelled")


def lose_card(evening: Evening) -> None:
    path, body = f"/api/v1/users/nfc-cards/{evening.card.card_id}/block/", {"reason": "lost"}
    assert call("POST", path, body, token=customer_token(evening.her)).status == 200
    evening.model.card.values.append((evening.now, "lost"))


def replace_card(evening: Evening) -> None:
    path, body = f"/api/nfc-cards/{evening.card.card_id}/transfer/", {"to_uid": evening.spare.uid, "reason": "Broken."}
    answer = evening.ask("POST", path, body, by=evening.staff)
    assert answer.status == 200, answer.text
    evening.model.card.values.append((evening.now, "replaced"))


def check_in_by_hand(evening: Evening) -> None:
    evening.scan({"qr": ""}, path=f"/api/tickets/{evening.ticket_id}/check-in/")


def leave_at_the_reader(evening: Evening) -> None:
    evening.decide("reader", {"uid": evening.card.uid}, leaves=True)


GATES: list[Callable[[Evening], None]] = [
    lambda evening: evening.decide("reader", {"uid": evening.card.uid}),
    lambda evening: evening.decide("phone", evening.code),
    lambda evening: evening.upload("reader"),
    lambda evening: evening.upload("phone"),
    lambda evening: evening.scan({"card_id": evening.card.uid}),
]
MEANWHILE = (
    transfer,
    gift,
    transfer_by_staff,
    refund,
    cancel,
    lose_card,
    replace_card,
    check_in_by_hand,
    leave_at_the_reader,
)


@pytest.mark.parametrize("act", MEANWHILE, ids=lambda act: act.__name__)
@pytest.mark.parametrize("re_entry", [False, True], ids=["out for good", "with re-entry"])
def test_every_order_admits_once_and_every_portal_shows_the_same(
    act: Callable[[Evening], None], re_entry: bool
) -> None:
    chance = random.Random(f"{fault_days.today()} {act.__name__} {re_entry}")  # noqa: S311  # the day's orders, no secret
    stream = StreamReader()
    for _ in range(ORDERS):
        forget_answers()
        acts = [*GATES, act]
        chance.shuffle(acts)
        evening = Evening(stream, re_entry=re_entry)
        for place, each in enumerate(acts):
            evening.now = BEGINS + place * STEP
            with evening.clock():
                each(evening)
                if chance.random() < 0.5:
                    evening.drain()
        evening.now = BEGINS + len(acts) * STEP
        with evening.clock():
            for gate in ("phone", "reader"):
                evening.upload(gate)
            evening.drain()
            shown = evening.check()
            for gate, records in evening.sent.items():
                assert {verdict["status"] for verdict in evening.post(gate, records)} <= {"replayed"}
            evening.drain()
            assert evening.check() == shown
