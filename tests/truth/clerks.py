"""The clerks of two shops, who hand out cards while their computers die and their customers are late."""

import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card
from tests.support.client import Answer
from tests.support.codes import code_in, has_code, texts
from tests.support.deaths import LIFE, Died
from tests.support.shops import Shop, stored, wrong

CLERKS = 8  # in each of the two shops
TRIES = 6
PATIENCE = 60
MINUTE = timedelta(minutes=1)


class Mailbox:
    """The texts that were sent, by number, the newest last as far as the queue keeps their order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, list[str]] = defaultdict(list)

    def codes(self, mobile_number: str) -> list[str]:
        with self._lock:
            for text in texts():
                if has_code(text):
                    self._codes[text["to"]].append(code_in(text))
            return list(reversed(self._codes[mobile_number]))


@dataclass
class Clerk:
    """A clerk at a counter, whose computer dies now and then, and whose clock advances by each wait."""

    merchant: Account
    mailbox: Mailbox
    chance: random.Random
    told: Counter[str]
    shop: Shop = field(init=False)

    def serve(self, customer: Account, card: Card) -> str:
        """Hand a card to a customer, with retries; return the result."""
        LIFE.offset = timedelta(0)
        # Each customer has an address of their own: the attempts at codes are limited per address.
        self.shop = Shop(self.merchant, address=uuid.uuid4().hex)
        for _ in range(TRIES):
            came_to = self._try(customer, card)
            if came_to is not None:
                return came_to
        return "given up"

    def _try(self, customer: Account, card: Card) -> str | None:
        body = {"customer_id": customer.account_id, "card_uid": card.uid, "fee_collected": True}
        answer = self._ask("assign-card", body)
        if answer is None or answer.status == 429:
            self._wait(11 if answer is None else 16)
            return None
        if answer.status == 409:
            if card.merchant_id != self.merchant.account_id:
                return "not in stock"
            if stored(card).status == "active":
                return "taken"
            self._wait(11)
            return None
        assert answer.status == 201, answer.text
        assignment_id = answer.json["assignment_id"]
        kind = self.chance.random()
        if kind < 0.1:
            self._come_late(assignment_id, customer)
            return None
        if kind < 0.3:
            self._guess(assignment_id, customer)
        return self._confirm(assignment_id, customer)

    def _come_late(self, assignment_id: str, customer: Account) -> None:
        codes = self.mailbox.codes(customer.mobile_number)
        self._wait(11)
        for code in codes[:1]:
            answer = self._ask("verify-customer-otp", {"assignment_id": assignment_id, "otp": code})
            assert answer is None or answer.status == 409, answer.text
            self.told["late"] += 1

    def _guess(self, assignment_id: str, customer: Account) -> None:
        for code in self.mailbox.codes(customer.mobile_number)[:1]:
            answer = self._ask("verify-customer-otp", {"assignment_id": assignment_id, "otp": wrong(code)})
            assert answer is None or answer.status in (400, 409), answer.text
            self.told["guessed"] += 1

    def _confirm(self, assignment_id: str, customer: Account) -> str | None:
        for attempt in range(3):
            for code in self.mailbox.codes(customer.mobile_number)[:2]:
                key = uuid.uuid4().hex
                body = {"assignment_id": assignment_id, "otp": code}
                answer = self._ask("verify-customer-otp", body, key=key)
                if answer is None or answer.status == 409:
                    break
                if answer.status == 200:
                    return self._repeat(body, key, answer)
                assert answer.status == 400, answer.text
            if stored_status(assignment_id) == "active":
                return "handed over"  # also when the computer died after the hand-over
            if attempt < 2 and self._ask("send-customer-otp", {"assignment_id": assignment_id}) is None:
                continue
        self._wait(16)
        return None

    def _repeat(self, body: dict[str, str], key: str, first: Answer) -> str:
        """Send the same again, with its key and without."""
        if self.chance.random() < 0.3:
            again = self._ask("verify-customer-otp", body, key=key)
            assert again is None or again.json == first.json, again.text
            without = self._ask("verify-customer-otp", body)
            assert without is None or without.status == 409, without.text
            self.told["repeated"] += 1
        return "handed over"

    def _ask(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Answer | None:
        """Send a request until it is answered; None where the computer died and the request is not repeated."""
        key = key or uuid.uuid4().hex
        for _ in range(PATIENCE):
            mortal_now = self.chance.random() < 0.15
            LIFE.left = self.chance.randrange(16) if mortal_now else None
            LIFE.after = self.chance.random() < 0.5
            try:
                answer = self.shop.post(path, body, key=key)
            except Died:
                self.told["died"] += 1
                LIFE.left = None
                self._wait(1)
                if self.chance.random() < 0.4:
                    return None
                continue
            finally:
                LIFE.left = None
            if answer.status == 503 or answer.code == "IDEMPOTENCY_IN_PROGRESS":
                time.sleep(0.05)
                continue
            assert answer.status < 500, answer.text
            return answer
        raise AssertionError(f"{PATIENCE} tries brought no answer")

    def _wait(self, minutes: int) -> None:
        """Advance this clerk's clock, and log in again."""
        LIFE.left = None
        LIFE.offset += minutes * MINUTE
        self.shop = Shop(self.merchant, address=self.shop.address)


def stored_status(assignment_id: str) -> str:
    found = operations.get(keys.merchants.assignment(assignment_id))
    assert found is not None
    return str(found.status)


@dataclass
class Day:
    """A day of two shops: every pair of a customer and a card is requested at both shops at once.

    Every fourth is requested at a second clerk as well, and every eighth card by another customer.
    """

    shops: tuple[Shop, Shop]
    pairs: list[tuple[Account, Card]]
    strangers: list[Account]
    told: Counter[str] = field(default_factory=Counter)
    faults: list[BaseException] = field(default_factory=list)

    def open(self) -> None:
        mailbox, queues = Mailbox(), [self._queue(number) for number in range(2)]
        locks = [threading.Lock(), threading.Lock()]
        threads = []
        for number in range(2 * CLERKS):
            which = number % 2
            merchant = self.shops[which].merchant
            clerk = Clerk(merchant, mailbox, random.Random(number), self.told)  # noqa: S311  # the same day at every run
            threads.append(threading.Thread(target=self._work, args=(clerk, queues[which], locks[which])))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.faults:
            raise self.faults[0]

    def _queue(self, number: int) -> Iterator[tuple[Account, Card]]:
        """All requests to a shop, in an order of its own."""
        wanted_by_others = zip(self.strangers, (card for _, card in self.pairs[::8]), strict=True)
        asked = [*self.pairs, *self.pairs[::4], *wanted_by_others]
        random.Random(number).shuffle(asked)  # noqa: S311  # the same day at every run
        return iter(asked)

    def _work(self, clerk: Clerk, queue: Iterator[tuple[Account, Card]], lock: threading.Lock) -> None:
        while not self.faults:
            with lock:
                pair = next(queue, None)
            if pair is None:
                return
            try:
                self.told[clerk.serve(*pair)] += 1
            except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
                self.faults.append(fault)
