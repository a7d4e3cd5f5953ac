"""The deeds of the scenarios, run on the real code and engine, and what they take from the table.

Each is done by `PER_GROUP` actors in each of two groups, in a warm container; what follows from the stream is recorded
in batches of a hundred records, as a busy table sends them.
"""

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.campus.analytics import attendance_counts, figures_of_all
from chalicelib.domain.events import categories, shortages
from chalicelib.domain.organizations import numbering
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Stock
from tests.support import engines, ground
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.factories import (
    customer_token,
    make_customer,
    make_event,
    make_organization,
    prove_address,
    token_of,
)
from tests.support.lecture import NEARBY, Lecture
from tests.support.scale.profiles import Profile, profile
from tests.support.scale.recorder import Recorder, Touch
from tests.support.streams import StreamReader

PER_GROUP = 24
GENERATED = 1000
REPLAYED = 100
# Records of a batch, of any kind: 6 payments or 24 scans. The stream's function waits a second and takes few kinds,
# so on a table of 40 partitions its batches have no fewer deeds at the rates of the scenarios.
_BATCH = 100
# 41 submissions: what 1,667 a second bring to each of 40 shards.
_MIXED_BATCH = 170
_LECTURES = 16
# Beginnings of names; of a crowd, no letter has more than an eighth.
_NAMES = ("Ayesha", "Bilal", "Danish", "Farah", "Hamza", "Imran", "Kiran", "Maryam", "Nida", "Rabia", "Saad", "Zainab")

Act = Callable[[], Any]
# Acts of a group's actors, each done once.
Group = Sequence[Act]


def record() -> dict[str, Profile]:
    """Run every deed and return its profile by name. Raises CannotStart without DynamoDB Local."""
    recorder = Recorder()
    with recorder.attached(), engines.cloud():
        forget_caches()
        try:
            desk = Desk(recorder)
            return {found.name: found for make in DEEDS for found in make(desk)}
        finally:
            forget_caches()


class Desk:
    """Runs acts under the recorder: `per_group` in each of two groups, and what follows from them if asked for."""

    def __init__(self, recorder: Recorder, *, per_group: int = PER_GROUP, follows: bool = True) -> None:
        self.per_group = per_group
        self._recorder = recorder
        self._follows = follows
        self._sent, self._named = 0, 0.0
        self._stream = StreamReader()

    def done(
        self, name: str, groups: Sequence[Group], *, each: float = 1.0, follows: bool = True, mixed: bool = False
    ) -> list[Profile]:
        """Do all acts; return the profile of the deed, and of what follows from the stream.

        `each` counts deeds of an act. With `mixed` the stream has the deeds of all groups in turn, as where a batch
        has many small groups.
        """
        follows = follows and self._follows
        if follows:
            self._stream.skip()
        self._sent, self._named = 0, 0.0
        runs: list[list[list[Touch]]] = []
        tails: list[list[list[Touch]]] = []
        if mixed:
            in_turn = [[self._one(act) for act in acts] for acts in zip(*groups, strict=True)]
            runs = [list(of_group) for of_group in zip(*in_turn, strict=True)]
            tails = [self._projected(_MIXED_BATCH)] if follows else []
        else:
            for acts in groups:
                runs.append([self._one(act) for act in acts])
                tails.append(self._projected() if follows else [])
        deeds = sum(len(group) for group in runs) * each
        made = profile(name, runs, deeds=deeds, requests=self._sent / deeds)
        found = [replace(made, named_writes=self._named / deeds)]
        if follows and all(tails):
            found.append(profile(f"{name}, stream", tails, deeds=deeds, mixed=len(groups) if mixed else 0))
        return found

    def _one(self, act: Act) -> list[Touch]:
        sent, named = self._recorder.requests, self._recorder.named_writes
        with self._recorder.deed() as found:
            act()
        self._sent += self._recorder.requests - sent
        self._named += self._recorder.named_writes - named
        return found

    def _projected(self, size: int = _BATCH) -> list[list[Touch]]:
        from app import live, stream

        batches = []
        while records := self._stream.read():
            for start in range(0, len(records), size):
                event = {"Records": records[start : start + size]}
                with self._recorder.deed() as found:
                    stream(event, None)
                    live(event, None)
                batches.append(found)
        return batches


def _good(answer: Answer, *statuses: int) -> Answer:
    if answer.status not in statuses:
        raise RuntimeError(f"a deed was answered {answer.status}: {answer.text[:300]}")
    return answer


def scans(desk: Desk) -> list[Profile]:
    """Scans of tickets by QR, by one usher for each event."""
    groups = []
    for _ in range(2):
        event = ground.create_event()
        crowd, token = ground.fill(event, tickets=desk.per_group), ground.log_in(event)
        bodies = [ground.scan_body(ground.Kind.QR, one, event) for one in crowd]
        groups.append([_asking(ground.SCAN_PATH, body, token) for body in bodies])
        ground.ask(f"/api/usher/events/{event.event_id}/status/", None, token=token)
    return desk.done("scan", groups)


def _asking(path: str, body: dict[str, Any], token: str) -> Act:
    return lambda: ground.ask(path, body, token=token)


def _replays(desk: Desk) -> list[Profile]:
    groups = []
    for _ in range(2):
        event = ground.create_event()
        acts: list[Act] = []
        for _ in range(2):
            crowd, at = ground.fill(event, tickets=REPLAYED), clock.now() - timedelta(minutes=5)
            logs = [
                {
                    "scan_id": f"scn_{uuid.uuid4().hex}",
                    "scanned_at": clock.to_text(at),
                    "gate": "Gate 1",
                    "offline": {"result": "valid"},
                    "ticket_id": one.ticket_id,
                }
                for one in crowd
            ]
            body = {"logs": logs, "device_time": clock.to_text(clock.now())}
            acts.append(_asking("/api/usher/sync/logs/", body, ground.log_in(event)))
        groups.append(acts)
    return desk.done("replayed scan", groups, each=REPLAYED)


def _customer(number: int) -> Account:
    name = f"{_NAMES[number % len(_NAMES)]} {_NAMES[(number * 5 + 3) % len(_NAMES)]}"
    return make_customer(name=name)


def _sale(capacity: int) -> Category:
    draft = categories.CategoryDraft(name="Standing", price=150_000, capacity=capacity, per_order_limit=20)
    return categories.add(make_event().event_id, draft)


def bookings(desk: Desk) -> list[Profile]:
    """Bookings of one ticket each."""
    return _bookings(desk)[0]


def _bookings(desk: Desk) -> tuple[list[Profile], list[tuple[Account, Any]]]:
    """Return the profiles, and what was booked by which customer."""
    booked: list[tuple[Account, Any]] = []

    def buy(customer: Account, category: Category) -> Act:
        body = {"event_id": category.event_id, "items": [{"category_id": category.category_id, "quantity": 1}]}
        token = customer_token(customer)

        def act() -> None:
            answer = _good(call("POST", "/api/v1/tickets/book/", body, token=token), 201)
            booked.append((customer, answer.json))

        return act

    sales = (_sale(50_000), _sale(50_000))
    groups = [[buy(_customer(number), kind) for number in range(desk.per_group)] for kind in sales]
    return desk.done("booking", groups), booked


def _sales(desk: Desk) -> list[Profile]:
    found, booked = _bookings(desk)
    half = len(booked) // 2

    def pay(customer: Account, booking: Any) -> Act:
        token = customer_token(customer)

        def send(what: str, body: dict[str, Any]) -> Any:
            headers = {"idempotency-key": new_id("key")}
            return _good(call("POST", f"/api/v1/payments/{what}/", body, token=token, headers=headers), 200, 201).json

        def act() -> None:
            made = send("process", {"booking_id": booking["id"], "method": "card"})
            if made["status"] != "succeeded":
                send("confirm", {"payment_id": made["id"]})

        return act

    groups = [[pay(*each) for each in booked[:half]], [pay(*each) for each in booked[half:]]]
    return found + desk.done("payment", groups)


def refusals(desk: Desk) -> list[Profile]:
    """Bookings of a sold-out category, in containers that know so already, and each in a fresh one."""
    count = desk.per_group
    found = desk.done("refusal of a sold-out sale", [_too_late(count), _too_late(count)])
    first = [_too_late(count, is_first=True), _too_late(count, is_first=True)]
    return found + desk.done("first refusal of a container", first)


def _too_late(count: int, *, is_first: bool = False) -> list[Act]:
    category = _sale(50_000)
    for shard in range(category.shards):
        place = keys.events.stock(category.event_id, category.category_id, shard)
        operations.record(operations.change(place, [Stock.sold.set(Stock.free), Stock.free.set(0)]))
    body = {"event_id": category.event_id, "items": [{"category_id": category.category_id, "quantity": 1}]}

    def act(token: str) -> Act:
        def ask() -> None:
            if is_first:
                shortages.forget()
            else:
                # As a container that was refused within the last second, however slow this machine is.
                shortages.remember(category.category_id, 0)
            _good(call("POST", "/api/v1/tickets/book/", body, token=token), 409)

        return ask

    return [act(customer_token(make_customer())) for _ in range(count)]


def _attendance(desk: Desk) -> list[Profile]:
    lectures = [Lecture() for _ in range(_LECTURES)]
    students = [[lecture.student() for _ in range(2 * desk.per_group // _LECTURES)] for lecture in lectures]
    # The days have moved since the figures of all were made, as in the rush after the first submission of a minute.
    attendance_counts.count([], [lecture.event.event_id for lecture in lectures])
    found = desk.done("verified code", [[_verifying(one) for one in some] for some in students], mixed=True)
    found += desk.done("submission", [[_submitting(one) for one in some] for some in students], mixed=True)
    return found + desk.done("event in the figures of all", [[figures_of_all.make]], each=_LECTURES, follows=False)


def _verifying(student: Any) -> Act:
    return lambda: _good(student.verify(), 200)


def _submitting(student: Any) -> Act:
    # No two phones measure the same position.
    draw = random.Random(student.account.account_id)  # noqa: S311  # no secret
    position = {name: NEARBY[name] + draw.uniform(-1e-4, 1e-4) for name in ("latitude", "longitude")}
    return lambda: _good(student.submit(**position), 201)


def _numbers(desk: Desk) -> list[Profile]:
    def generating(admin: Account) -> Act:
        def act() -> None:
            wanted = GenerationInput(quantity=GENERATED, prefix="VIP")
            made = numbering.generate(
                admin.organization_id, wanted, user_id=admin.account_id, operation_id=new_id("op")
            )
            while numbering.run_step(made.job_id):
                pass

        return act

    admins = [[prove_address(make_organization())] for _ in range(4)]
    found = desk.done("generated number", [[generating(admin) for admin in some] for some in admins], each=GENERATED)
    paths = ("stats", "daily", "weekly", "monthly")

    def reading(admin: Account) -> Act:
        token = token_of(admin)
        return lambda: [_good(call("GET", f"/api/tix/reports/{path}", token=token), 200) for path in paths]

    return found + desk.done(
        "reports of an organization", [[reading(a) for a in some] for some in admins], follows=False
    )


DEEDS: tuple[Callable[[Desk], list[Profile]], ...] = (scans, _replays, _sales, refusals, _attendance, _numbers)
