"""One small platform that a random history acts on: its people, its clock, its queues, its table, and its doors."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

import app
from chalicelib.clients.messages import Message, read
from chalicelib.config import config
from chalicelib.domain.access import sessions
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Item, SweepMark
from chalicelib.vocabulary.access import AdminRole
from chalicelib.workers import schedules
from tests.support import meanwhile
from tests.support.client import Answer, call
from tests.support.factories import Reader
from tests.support.log_lines import LogLines
from tests.support.streams import StreamReader

T = TypeVar("T", bound=Item)
# Two days before a month's end: longer histories cross it.
BEGINS = datetime(2027, 1, 29, 7, 30, tzinfo=UTC)
# An access token lives 15 minutes.
_TOKEN_LIFE = timedelta(minutes=10)
# What a refused request may leave: counts of tries, keys of answers, who was refused what, and codes that were tried.
_BESIDE = frozenset(
    {"throttle", "idempotency", "audit_entry", "audit_head", "job_request", "otp", "session", "data_key", "challenge"}
)
_PAYMENTS = frozenset(
    {
        "payment.refund_due",
        "payment.returned",
        "ticket.refund_due",
        "card.balance_low",
        "payout.due",
        "card.pay_back_due",
    }
)
# A queue delivers a message so often before it is a dead letter.
_MOST_TRIES = 5
# How often a batch or a message meets a fault of the table before it is delivered again.
_FAILS = 0.1
_MINUTE = timedelta(minutes=1)


class Violation(AssertionError):
    """A rule that a history broke."""


def require(holds: object, rule: str, *what: object) -> None:
    """Raise Violation unless a rule holds."""
    if not holds:
        raise Violation(f"{rule}: {what}")


def _differ(one: Any, other: Any) -> bool:
    """Whether two versions of an item differ; moto makes another object of one that it looked at."""
    if one is other:
        return False
    return one is None or other is None or bool(one.to_json() != other.to_json())


class WalkClock:
    """The time of a history, which no reading shows twice; it moves where the history says so."""

    def __init__(self) -> None:
        self.moment = BEGINS

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def milliseconds(self) -> int:
        """Return the time of an id that is made now; it is not a reading of its own."""
        return int(self.moment.timestamp() * 1000)

    def move_to(self, moment: datetime) -> None:
        self.moment = max(self.moment, moment)


class Store:
    """What moto has stored, read without a request; each version of an item is parsed once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], tuple[Any, Item]] = {}
        self._held: dict[type[Item], list[Any]] | None = None

    def shelves(self) -> dict[tuple[str, str], Any]:
        """Return the stored items as moto has them, which never change, by their keys."""
        table = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[config().table_name]
        return {(pk, sk): item for pk, shelf in table.items.items() for sk, item in shelf.items()}

    def all(self, kind: type[T]) -> list[T]:
        """Return all items of a kind, in the order in which their partitions were made."""
        if self._held is not None:
            return self._held[kind]
        return [item for item in self._items() if type(item) is kind]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Show inside the block what is stored now: nothing there writes what is looked at."""
        found: dict[type[Item], list[Any]] = defaultdict(list)
        for item in self._items():
            found[type(item)].append(item)
        self._held = found
        try:
            yield
        finally:
            self._held = None

    def _items(self) -> Iterator[Any]:
        found = self.shelves()
        for place in [place for place in self._read if place not in found]:
            del self._read[place]
        for place, item in found.items():
            known = self._read.get(place)
            if known is None or known[0] is not item:
                known = (item, Item.from_raw_data(item.to_json()["Attributes"]))
                self._read[place] = known
            yield known[1]


@dataclass
class Person:
    """Somebody with an account; `since` is when they were shut out."""

    account: Account
    number: str | None = None
    shut_since: datetime | None = None
    old_token: str = ""
    old_refresh: str = ""

    @property
    def id(self) -> str:
        return self.account.account_id


@dataclass
class World:
    """Everything that deeds act on. What exists is read from the table; only who is who is kept here."""

    time: WalkClock
    stream: StreamReader
    published: list[dict[str, Any]]
    queued: list[dict[str, Any]]
    store: Store = field(default_factory=Store)
    customers: list[Person] = field(default_factory=list)
    organizers: list[Person] = field(default_factory=list)
    merchants: list[Person] = field(default_factory=list)
    ushers: dict[str, list[Person]] = field(default_factory=dict)
    readers: dict[str, list[Reader]] = field(default_factory=dict)
    staff: dict[AdminRole, Person] = field(default_factory=dict)
    second: Person | None = None
    tix: list[Person] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    codes: list[Message] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    gone: list[Person] = field(default_factory=list)
    callbacks: list[bytes] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    admitted: list[tuple[str, str]] = field(default_factory=list)
    uploads: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    is_recorded: bool = False
    lines: LogLines = field(default_factory=LogLines)
    journal: list[str] = field(default_factory=list)
    _tokens: dict[tuple[str, str | None], tuple[datetime, str]] = field(default_factory=dict)
    _numbers: int = 0

    # Names

    def number(self) -> int:
        """Return a number that this history has not used."""
        self._numbers += 1
        return self._numbers

    def phone(self, series: str) -> str:
        """Return a Pakistani mobile number that this history has not used; `series` is one digit."""
        return f"+9230{series}{self.number():07}"

    def scan_id(self) -> str:
        return f"scn_history{self.number():06}"

    # Callers

    def token(self, who: Person, event_id: str | None = None) -> str:
        """Return an access token of somebody; of one who is shut out the one that they had."""
        if who.shut_since is not None:
            return who.old_token
        name = (who.id, event_id)
        issued_at, token = self._tokens.get(name, (BEGINS, ""))
        if not token or self.time.moment - issued_at > _TOKEN_LIFE:
            pair = sessions.start(who.account, event_id=event_id)
            issued_at, token = self.time.moment, pair.access
            who.old_refresh = pair.refresh
            self._tokens[name] = (issued_at, token)
        who.old_token = token
        return token

    def forget_tokens(self, who: Person) -> None:
        """Log somebody in again at their next request."""
        self._tokens = {name: known for name, known in self._tokens.items() if name[0] != who.id}

    def reader_token(self, reader: Reader) -> str:
        name = (reader.device_id, None)
        issued_at, token = self._tokens.get(name, (BEGINS, ""))
        if not token or self.time.moment - issued_at > _TOKEN_LIFE:
            token = reader.token()
            self._tokens[name] = (self.time.moment, token)
        return token

    def admin(self, role: AdminRole = AdminRole.SUPER_ADMIN) -> str:
        return self.token(self.staff[role])

    def other_admin(self) -> str:
        """Return the token of the second person."""
        assert self.second is not None
        return self.token(self.second)

    # Requests

    def send(  # noqa: PLR0913  # the parts of a request
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        may_fail: bool = False,
    ) -> Answer:
        """Send one request: it is no fault, and where it is refused nothing has changed."""
        before = self.store.shelves()
        answer = call(
            method, path, body, token=token, headers=headers, raw=raw, address=f"10.1.{self.number() % 250}.9"
        )
        if self.is_recorded:
            self.journal.append(
                f"  {method} {path} {json.dumps(body) if body else ''} → {answer.status} {answer.text[:300]}"
            )
        self.collect()
        if answer.status >= 500:
            require(may_fail and answer.status == 503, "no request is a fault", method, path, body, answer.text)
        elif answer.status >= 400 and not may_fail:
            changed = self._changed(before)
            require(not changed, "a refused request changes nothing", method, path, body, answer.text, changed)
        return answer

    def read(self, path: str, *, token: str | None) -> Any:
        """Return what a list or a page shows, which must be readable."""
        answer = self.send("GET", path, token=token)
        require(answer.status == 200, "what is there can be read", path, answer.status, answer.text)
        return answer.json

    def rows(self, path: str, *, token: str | None) -> list[Any]:
        """Return all rows of a list, page by page."""
        found: list[Any] = []
        mark, joint = "", "&" if "?" in path else "?"
        while True:
            page = self.read(f"{path}{joint}page_size=50{mark}", token=token)
            found += page["results"]
            if page["next"] is None:
                return found
            mark = f"&cursor={page['next']}"

    def ask(self, draw: Random, method: str, path: str, body: Any = None, *, token: str | None) -> Answer:
        """Send a request as a client does: with a key or without, once or twice, or until an answer arrives."""
        way = draw.choice(("plain", "plain", "plain", "key", "key twice", "twice", "lost"))
        headers = {"idempotency-key": f"key-{self.number():08}"} if way in ("key", "key twice", "lost") else {}
        if way == "lost":
            with self._losing(draw):
                first = self.send(method, path, body, token=token, headers=headers, may_fail=True)
            if first.status != 503:
                return first
            for _ in range(5):
                again = self.send(method, path, body, token=token, headers=headers, may_fail=True)
                # Only an error has a code; an answer may be a list, or empty.
                if again.status < 400 or (again.status != 503 and again.code != "IDEMPOTENCY_IN_PROGRESS"):
                    return again
                self.time.move_to(self.time.moment + timedelta(seconds=40))
            raise Violation(f"a request that lost its answer can be repeated: {method} {path} {again.text}")
        first = self.send(method, path, body, token=token, headers=headers)
        if way == "key twice":
            again = self.send(method, path, body, token=token, headers=headers)
            if first.status < 300 and "idempotent-replayed" in again.headers:
                require(again.text == first.text, "a key has one answer", method, path, first.text, again.text)
        elif way == "twice":
            self.send(method, path, body, token=token)
        return first

    @contextmanager
    def _losing(self, draw: Random) -> Iterator[None]:
        """Lose one of the requests to the table: before it arrives, or its answer."""
        left, is_answer = draw.randrange(6), draw.random() < 0.5
        client: Any = operations.client()
        moment = f"{'after' if is_answer else 'before'}-call.dynamodb"

        def lose(model: Any, **_: Any) -> None:
            nonlocal left
            if model.name in meanwhile.WRITES:
                left -= 1
                if left == -1:
                    meanwhile.lost()

        client.meta.events.register_last(moment, lose)
        try:
            yield
        finally:
            client.meta.events.unregister(moment, lose)

    def _changed(self, before: dict[tuple[str, str], Any]) -> list[Any]:
        after = self.store.shelves()
        places = [place for place in {*before, *after} if _differ(before.get(place), after.get(place))]
        return [
            (place, one.attrs["kind"].value)
            for place in places
            if (one := after.get(place) or before[place]).attrs["kind"].value not in _BESIDE
        ]

    # Background

    def collect(self) -> None:
        """Sort what was published and queued."""
        for request in self.published:
            self.facts += [
                {"detail-type": e["DetailType"], "detail": json.loads(e["Detail"])} for e in request["Entries"]
            ]
        self.published.clear()
        for request in self.queued:
            if request["QueueUrl"].endswith(config().messages_queue_name):
                self.codes.append(read(request["MessageBody"]))
            elif request["QueueUrl"].endswith(config().jobs_queue_name):
                after = timedelta(seconds=request.get("DelaySeconds", 0))
                self.facts.append({"job": request["MessageBody"], "not_before": self.time.moment + after})
        self.queued.clear()

    def project(self, draw: Random | None = None) -> None:
        """Pass the table's changes to the stream's handler; some batches arrive twice, some fail halfway before."""
        for _ in range(20):
            records = self.stream.read()
            if not records:
                return
            for start in range(0, len(records), 100):
                batch = records[start : start + 100]
                if draw and draw.random() < _FAILS:
                    with self._losing(draw):
                        app.stream({"Records": batch}, None)
                for _ in range(2 if draw and draw.random() < 0.2 else 1):
                    answer = app.stream({"Records": batch}, None)
                    require(answer == {"batchItemFailures": []}, "the stream is followed", answer)
            self.collect()
        raise Violation("the stream has no end")

    def work(self, draw: Random | None = None, *, most: int = 1000) -> None:
        """Hand facts and jobs to their workers: in any order, some twice, some failing halfway before."""
        self.collect()
        waiting = [fact for fact in self.facts if self._is_visible(fact)]
        self.facts = [fact for fact in self.facts if not self._is_visible(fact)]
        if draw:
            draw.shuffle(waiting)
        for place, fact in enumerate(waiting):
            if place >= most:
                self.facts.append(fact)
                continue
            if draw and draw.random() < _FAILS:
                with self._losing(draw):
                    self._hand(fact)
            for _ in range(2 if draw and draw.random() < 0.2 else 1):
                self._deliver(fact)
        self.collect()

    def _is_visible(self, fact: dict[str, Any]) -> bool:
        return bool(fact.get("not_before", BEGINS) <= self.time.moment)

    def _deliver(self, fact: dict[str, Any]) -> None:
        answer = self._hand(fact)
        if answer != {"batchItemFailures": []}:
            # A provider did not answer: the queue delivers the message again.
            tries = fact.get("tries", 0) + 1
            require(tries < _MOST_TRIES, "a worker takes what it is given", fact, answer)
            self.facts.append({**fact, "tries": tries})

    def _hand(self, fact: dict[str, Any]) -> Any:
        if "job" in fact:
            worker, body = app.jobs, fact["job"]
        else:
            worker = app.payments if fact["detail-type"] in _PAYMENTS else app.alerts
            body = json.dumps({name: fact[name] for name in ("detail-type", "detail")})
        return worker({"Records": [{"messageId": "m", "body": body}]}, None)

    def settle(self) -> None:
        """Let the background do all that there is to do at this moment."""
        for _ in range(60):
            self.project()
            if not any(map(self._is_visible, self.facts)):
                return
            self.work()
        raise Violation("the background has no end", self.facts)

    def pass_time(self, by: timedelta, draw: Random) -> None:
        """Move the clock; what falls due meanwhile is swept in its minute."""
        until = self.time.moment + by
        for _ in range(400):
            minute = self._next_due()
            if minute is None or minute + _MINUTE > until:
                break
            self.time.move_to(minute + _MINUTE + timedelta(seconds=1))
            self._mark(minute)
            self.sweep()
            if draw.random() < 0.8:
                self.project(draw)
                self.work(draw)
        else:
            raise Violation("the sweep has no end")
        self.time.move_to(until)

    def sweep(self) -> None:
        schedules.sweep()
        self.collect()

    def _next_due(self) -> datetime | None:
        """Return the earliest minute in which something is due."""
        prefix = keys.jobs.due(self.time.moment, "x").pk.split("#")[0] + "#"
        minutes = [
            datetime.fromisoformat(item.attrs["gsi2pk"].value.split("#")[1]).replace(tzinfo=UTC)
            for item in self.store.shelves().values()
            if "gsi2pk" in item.attrs and item.attrs["gsi2pk"].value.startswith(prefix)
        ]
        return min(minutes, default=None)

    def _mark(self, minute: datetime) -> None:
        """Let the sweep begin just before this minute: the empty ones before it need no reading."""
        mark = keys.jobs.minute(minute + 3 * _MINUTE)
        operations.record(operations.put(SweepMark(*keys.jobs.sweep_mark("due"), minute=mark)))


@contextmanager
def watched() -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Note what is published on the bus and queued."""
    with ExitStack() as noted:
        published = noted.enter_context(meanwhile.asked("PutEvents", service="events"))
        queued = noted.enter_context(meanwhile.asked("SendMessage", service="sqs"))
        yield published, queued


Deed = Callable[[World, Random], None]


def one_of(draw: Random, found: Sequence[T]) -> T | None:
    """Return one of these, or None where there is none."""
    return draw.choice(found) if found else None
