"""The operations of the table when it is busy, contended, or holds an unexpected item."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from chalicelib.config import config
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import InvoiceSeries, Item, OpenPayment, SweepMark
from chalicelib.table.operations import ConditionFailed
from chalicelib.table.places import Place
from chalicelib.table.ranges import Before, Begins, Between

pytestmark = pytest.mark.usefixtures("moto_cloud")
SERIES = keys.money.invoice_series("2026")


Answer = tuple[AWSResponse, dict[str, Any]]


def answer(body: dict[str, Any], *, status: int = 200) -> Answer:
    """Return DynamoDB's answer to a request, as botocore reads it."""
    return AWSResponse("", status, HTTPHeaders(), None), {"ResponseMetadata": {"HTTPStatusCode": status}, **body}


class Table:
    """Answers some requests in the table's place, where botocore is about to send them."""

    def __init__(self, *answers: Callable[[Any], Answer | None], always: bool = False) -> None:
        self._answers, self._always = list(answers), always
        self.sent: list[str] = []
        self._events: Any = operations.client().meta.events

    def _reply(self, *, model: Any, params: Any, **_: Any) -> Answer | None:
        self.sent.append(model.name)
        if not self._always and not self._answers:
            return None
        reply = self._answers[0] if self._always else self._answers.pop(0)
        return reply(json.loads(params["body"]))

    def __enter__(self) -> "Table":
        self._events.register_first("before-call.dynamodb", self._reply)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-call.dynamodb", self._reply)


def passed(_: Any) -> None:
    """Send a request on to the table."""


def unprocessed(asked: Any, *, parts: int = 0) -> Answer:
    """Answer a batch of which only the first `parts` were done."""
    ((table, batch),) = asked["RequestItems"].items()
    if isinstance(batch, list):
        return answer({"UnprocessedItems": {table: batch[parts:]}})
    return answer({"Responses": {}, "UnprocessedKeys": {table: {**batch, "Keys": batch["Keys"][parts:]}}})


def one_done(asked: Any) -> Answer:
    """Answer a batch of which one part was done."""
    return unprocessed(asked, parts=1)


def refused(code: str, *, status: int = 400, **more: Any) -> Callable[[Any], Answer]:
    """Return the answer that refuses a request in DynamoDB's words."""
    return lambda _: answer({"Error": {"Code": code, "Message": code}, **more}, status=status)


def contended(asked: Any) -> Answer:
    """Answer that another transaction holds an item."""
    if "TransactItems" not in asked:
        return refused("TransactionConflictException")(asked)
    reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in asked["TransactItems"][1:])]
    return refused("TransactionCanceledException", CancellationReasons=reasons)(asked)


def series(last: int) -> InvoiceSeries:
    return InvoiceSeries(*SERIES, last=last)


def marks(count: int) -> list[SweepMark]:
    return [SweepMark(*keys.jobs.sweep_mark(f"{number:03d}"), minute=str(number)) for number in range(count)]


def stored_last() -> int | None:
    found = operations.get(SERIES)
    return found.last if found else None


def test_a_place_that_holds_nothing_reads_none() -> None:
    assert operations.get(SERIES) is None
    assert operations.get_many([SERIES]) == {}
    assert operations.snapshot([SERIES]) == {}


def test_many_items_of_several_classes_are_read_by_key_each_in_its_class() -> None:
    operations.record(operations.put(series(4)))
    operations.put_many(marks(130))
    places: list[Place[Item]] = [SERIES, *(mark.place for mark in marks(140))]
    found = operations.get_many(places)
    assert len(found) == 131
    assert isinstance(found[SERIES], InvoiceSeries)
    assert all(isinstance(found[mark.place], SweepMark) for mark in marks(130))
    assert operations.snapshot(places[:25]).keys() == set(places[:25])


def test_a_batch_that_is_done_in_part_is_asked_for_the_rest() -> None:
    with Table(unprocessed, unprocessed) as table:
        assert operations.put_many(marks(30)) == 30
    assert table.sent == ["BatchWriteItem"] * 4  # two batches, one of them three times
    with Table(unprocessed) as table:
        assert len(operations.get_many([mark.place for mark in marks(30)])) == 30
    assert table.sent == ["BatchGetItem"] * 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda: operations.get_many([mark.place for mark in marks(3)]),
        lambda: operations.put_many(marks(3)),
        lambda: operations.remove_many([mark.place for mark in marks(3)]),
    ],
    ids=["read", "write", "remove"],
)
def test_a_batch_of_which_nothing_is_done_is_given_up_as_unavailable(ask: Callable[[], object]) -> None:
    with Table(unprocessed, always=True) as table, pytest.raises(Unavailable):
        ask()
    assert len(table.sent) == 7


def test_a_batch_that_makes_progress_is_not_given_up() -> None:
    with Table(*[one_done] * 12) as table:
        assert operations.remove_many(mark.place for mark in marks(20)) == 20
    assert len(table.sent) == 13


def test_a_failed_condition_comes_back_with_the_item_that_was_found() -> None:
    operations.record(operations.put(series(4)))
    with pytest.raises(ConditionFailed) as failure:
        operations.record(operations.put(series(9), InvoiceSeries.pk.does_not_exist()))
    found = failure.value.found(InvoiceSeries)
    assert found is not None
    assert found.last == 4
    with pytest.raises(ConditionFailed) as failure:
        operations.record(operations.remove(keys.jobs.sweep_mark("x"), SweepMark.pk.exists()))
    assert failure.value.found(SweepMark) is None


def test_a_change_returns_the_item_after_it_and_a_removal_the_item_before_it() -> None:
    operations.record(operations.put(series(4)))
    raw = operations.record(operations.change(SERIES, [InvoiceSeries.last.add(1)]))
    assert InvoiceSeries.from_raw_data(raw).last == 5
    assert InvoiceSeries.from_raw_data(operations.record(operations.remove(SERIES))).last == 5
    assert stored_last() is None


def test_a_transaction_writes_all_or_nothing_and_names_what_failed() -> None:
    operations.record(operations.put(series(4)))
    pay = OpenPayment(*keys.money.open_payment("ord_1", "card"), payment_id="pay_1")
    with pytest.raises(ConditionFailed) as failure:
        operations.commit(
            operations.put(pay, OpenPayment.pk.does_not_exist()),
            operations.check(SERIES, InvoiceSeries.last == 3),
            operations.change(keys.jobs.sweep_mark("x"), [SweepMark.minute.set("1")]),
        )
    assert set(failure.value.failures) == {1}
    found = failure.value.found(InvoiceSeries, 1)
    assert found is not None
    assert found.last == 4
    assert operations.get_many([pay.place, keys.jobs.sweep_mark("x")]) == {}


def test_a_request_that_meets_a_transaction_is_retried() -> None:
    with Table(contended, contended, passed, contended, passed, contended) as table:
        operations.record(operations.put(series(1)))
        operations.commit(operations.change(SERIES, [InvoiceSeries.last.add(1)]), operations.put(marks(1)[0]))
        assert operations.snapshot([SERIES])[SERIES].last == 2
    assert table.sent == ["PutItem"] * 3 + ["TransactWriteItems"] * 2 + ["TransactGetItems"] * 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda write: operations.record(write),
        lambda write: operations.commit(write, operations.put(marks(1)[0])),
        lambda _: operations.snapshot([SERIES]),
    ],
    ids=["record", "commit", "snapshot"],
)
def test_a_conflict_that_lasts_is_given_up_as_unavailable(ask: Callable[[operations.Write], object]) -> None:
    with Table(contended, always=True) as table, pytest.raises(Unavailable):
        ask(operations.change(SERIES, [InvoiceSeries.last.add(1)]))
    assert len(table.sent) == 7
    assert stored_last() is None


@pytest.mark.parametrize(
    "kind", ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"]
)
def test_a_busy_or_broken_table_is_unavailable(kind: str) -> None:
    with Table(refused(kind), always=True), pytest.raises(Unavailable) as refusal:
        operations.get(SERIES)
    assert refusal.value.retry_after == 1


# AWS's own faults have a status from 500 on; their words differ, and a broken road has none.
@pytest.mark.parametrize(("status", "code"), [(500, "InternalFailure"), (503, "ServiceUnavailable"), (502, "502")])
def test_a_fault_of_aws_is_unavailable_whatever_it_is_called(status: int, code: str) -> None:
    with Table(refused(code, status=status), always=True), pytest.raises(Unavailable):
        operations.record(operations.put(series(1)))


def test_what_the_table_refuses_for_our_fault_is_no_reason_to_retry() -> None:
    with Table(refused("ValidationException"), always=True) as table, pytest.raises(ClientError):
        operations.get(SERIES)
    assert len(table.sent) == 1


def test_a_query_reads_the_part_of_a_partition_that_is_asked_for() -> None:
    operations.put_many(marks(6))
    partition, _ = keys.jobs.sweep_mark("")

    def read(*where: Begins | Before | Between, **more: Any) -> list[str]:
        return [operations.key_of(raw).sk.removeprefix("SWEEP#") for raw in operations.query(partition, *where, **more)]

    assert read() == ["000", "001", "002", "003", "004", "005"]
    assert read(Begins("SWEEP#00"), limit=2) == ["000", "001"]
    assert read(Begins("")) == read()  # an empty prefix is no condition
    assert read(Before("SWEEP#002"), newest_first=True) == ["001", "000"]
    assert read(Between("SWEEP#001", "SWEEP#003"), consistent=True) == ["001", "002", "003"]
    assert read(Begins("SWEEP#9")) == []


def test_a_query_reads_on_until_the_partition_or_the_limit_ends() -> None:
    long = "x" * 40_000
    operations.put_many(SweepMark(*keys.jobs.sweep_mark(f"{n:03d}"), minute=long) for n in range(60))
    partition, _ = keys.jobs.sweep_mark("")
    # More than the megabyte that one answer holds.
    assert len(operations.query(partition)) == 60
    assert len(operations.query(partition, limit=50)) == 50


def test_an_optimistic_change_is_tried_a_bounded_number_of_times() -> None:
    assert list(retries.attempts(4)) == [0, 1, 2, 3]


def test_items_read_as_plain_json_equal_those_that_botocore_reads() -> None:
    place = Place(Item, "PLAIN", "ITEM")
    stored = {
        "pk": {"S": place.pk},
        "sk": {"S": place.sk},
        "text": {"S": "Lahore ✓"},
        "number": {"N": "12.5"},
        "binary": {"B": b"\x00\xff"},
        "truth": {"BOOL": True},
        "inner": {"M": {"list": {"L": [{"S": "a"}, {"N": "1"}]}}},
        "texts": {"SS": ["a"]},
    }
    client: Any = operations.client()
    client.put_item(TableName=config().table_name, Item=stored)
    (plain,) = operations.get_raw([place], [name for name in stored if name not in ("pk", "sk")])
    assert plain == {name: value for name, value in stored.items() if name not in ("pk", "sk")}
    (page,) = operations.stream(place, [*stored], page=10)
    assert page == [stored]
    # The block's end is the end of plain answers.
    assert operations.query(place.pk) == [stored]
