"""Work behind an answer: its tickets are named at once, and its job is shown to the account that started it."""

import json
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.background import jobs
from chalicelib.domain.organizations import numbering
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Job
from chalicelib.workers import jobs as worker
from chalicelib.workers import schedules
from tests.contract.ground import stored
from tests.portals.tix.test_tickets import TICKETS, ask, listed, numbers, scan
from tests.support import sweeps
from tests.support.client import Answer, call
from tests.support.deaths import Died
from tests.support.factories import make_organization, make_tix_user, token_of
from tests.support.meanwhile import before
from tests.support.numbered import assert_reports_are_true, organization_of, tally_of, work
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
RUNBOOK = Path("docs/runbooks/work-given-up.md")
# More than are written at once here, in two transactions.
MANY = 120
# What Lambda answers at most, in bytes.
LAMBDA_LIMIT = 6 * 1024 * 1024


@pytest.fixture
def admin() -> Iterator[Account]:
    with configured(LIMIT_NUMBERS_AT_ONCE=3):
        yield make_organization(name="City Run")


@pytest.fixture
def token(admin: Account) -> str:
    return token_of(admin)


def many(token: str, *, key: str | None = None, count: int = MANY) -> Answer:
    answer = ask(token, {"count": count, "prefix": "VIP"}, key=key)
    assert answer.status == 200, answer.text
    return answer


def job_of(answer: Answer) -> str:
    return answer.headers["x-job-id"]


def shown(token: str, job_id: str) -> dict[str, Any]:
    answer = call("GET", f"/api/jobs/{job_id}/", token=token)
    assert answer.status == 200, answer.text
    return dict(answer.json)


def print_list(token: str, **changes: Any) -> Answer:
    body = {"prefix": "VIP", "from": 1, "to": 3, "format": "csv", **changes}
    return call("POST", f"{TICKETS}/print", body, token=token)


def write_in_part(job_id: str) -> None:
    """Run a step that dies after the first of its two transactions."""

    def die() -> None:
        raise Died

    with before("TransactWriteItems", None, die), pytest.raises(Died):
        numbering.run_step(job_id)


def test_all_tickets_are_in_the_answer_before_they_are_written(token: str) -> None:
    answer = many(token)
    given = [ticket["id"] for ticket in answer.json]
    assert [ticket["number"] for ticket in answer.json] == [f"VIP-{number:06}" for number in range(1, MANY + 1)]
    assert listed(token)["total"] == 0
    work()
    written = listed(token, f"job_id={job_of(answer)}&limit=200")
    assert written["tickets"] == answer.json
    assert [ticket["id"] for ticket in listed(token, "limit=200")["tickets"]] == given[::-1]


def test_a_small_order_is_no_job(token: str) -> None:
    assert "x-job-id" not in many(token, count=3).headers
    first, second = many(token, count=3).json, many(token, count=3).json
    assert {ticket["id"] for ticket in first}.isdisjoint(ticket["id"] for ticket in second)


def test_a_ticket_that_is_not_written_yet_is_scanned_later_and_a_forged_one_is_unknown(
    admin: Account, token: str
) -> None:
    answer = many(token)
    last = answer.json[-1]["id"]
    waiting = scan(token, last)
    assert (waiting.status, waiting.code, int(waiting.headers["retry-after"]) > 0) == (409, "BEING_WRITTEN", True)
    for method, path in (("GET", last), ("DELETE", last)):
        assert call(method, f"{TICKETS}/{path}", token=token).code == "BEING_WRITTEN"
    real = ULID.from_str(last.removeprefix("tkt_")).bytes
    forged = f"tkt_{ULID.from_bytes(real[:10] + bytes(6))}"
    assert scan(token, forged).status == 404
    assert scan(token_of(make_organization(name="Another")), last).status == 404
    number = answer.json[-1]["number"]
    for method, path in (("PUT", f"{number}/scan"), ("GET", number), ("DELETE", number)):
        assert call(method, f"{TICKETS}/{path}", token=token).code == "BEING_WRITTEN"
    assert scan(token, f"VIP-{MANY + 1:06}").status == 404
    # A refusal for now is not kept under the key.
    assert scan(token, last, key="at the gate").code == "BEING_WRITTEN"
    work()
    assert scan(token, last, key="at the gate").status == 200
    assert scan(token, last).code == "ALREADY_SCANNED"
    assert scan(token, forged).status == 404
    assert tally_of(organization_of(admin)).live == MANY


def test_lists_and_totals_show_a_range_at_once_also_where_its_first_tickets_were_scanned(
    admin: Account, token: str
) -> None:
    stream = StreamReader()
    small = many(token, count=2).json
    assert scan(token, small[0]["id"]).status == 200
    answer = many(token)
    write_in_part(job_of(answer))
    assert [scan(token, answer.json[place]["id"]).status for place in (0, 94, 95)] == [200, 200, 409]
    assert call("DELETE", f"{TICKETS}/{answer.json[1]['id']}", token=token).code == "BEING_WRITTEN"
    stream.drain()
    stats = call("GET", "/api/tix/reports/stats", token=token).json
    assert (stats["total"], stats["scanned"], stats["not_scanned"], stats["scan_rate"]) == (2, 1, 1, 50.0)
    assert [listed(token, f"filter={only}")["total"] for only in ("scanned", "not-scanned")] == [1, 1]
    assert numbers(listed(token)) == ["VIP-000002", "VIP-000001"]
    work()
    stream.drain()
    assert listed(token, "filter=scanned")["total"] == 3
    assert call("GET", "/api/tix/reports/stats", token=token).json["total"] == MANY + 2
    assert_reports_are_true(organization_of(admin))


def test_ten_thousand_fit_into_one_answer_and_are_answered_again_by_their_key(moto_cloud: None) -> None:  # noqa: ARG001  # the ground under it
    token = token_of(make_organization(name="City Run"))
    body = {"count": 10_000, "prefix": "A" * 20, "extra": {"text": "é" * 20, "row": 1}}
    first = ask(token, body, key="ten thousand")
    assert (first.status, len(first.json)) == (200, 10_000)
    assert len(json.dumps({"statusCode": 200, "headers": first.headers, "body": first.text})) < LAMBDA_LIMIT
    records = [text for (pk, _), text in stored().items() if pk.startswith("IDEMPOTENCY")]
    assert max(map(len, records)) < 1000
    again = ask(token, body, key="ten thousand")
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.text, job_of(again)) == (first.text, job_of(first))
    assert ask(token, {**body, "count": 9_999}, key="ten thousand").code == "IDEMPOTENCY_MISMATCH"


@pytest.mark.parametrize("extra", ["x" * 900, {"text": '\\"' * 200}, "ß" * 400], ids=["long", "escaped", "accents"])
def test_what_does_not_fit_into_one_answer_is_refused_with_the_number_that_does(token: str, extra: Any) -> None:
    body = {"count": 10_000, "prefix": "VIP", "extra": extra}
    refused = ask(token, body)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    words = refused.json["details"][0]["message"].split()
    most = int(words[words.index("most") + 1])
    assert ask(token, {**body, "count": most + 1}).status == 400
    one = ask(token, {**body, "count": 1})
    # The bytes of one ticket more would pass the limit, or come near to it.
    size = len(json.dumps(one.text)) * most
    assert LAMBDA_LIMIT * 0.9 < size < LAMBDA_LIMIT


# Jobs


def test_a_job_is_shown_to_its_starter_alone(admin: Account, token: str) -> None:
    job_id = job_of(many(token))
    assert shown(token, job_id) == {
        "job_id": job_id,
        "kind": "tickets_generate",
        "status": "open",
        "done": 0,
        "total": MANY,
        "errors": [],
        "url": None,
        "expires_at": None,
    }
    write_in_part(job_id)
    assert shown(token, job_id)["done"] == 95
    work()
    assert (shown(token, job_id)["status"], shown(token, job_id)["done"]) == ("complete", MANY)
    others = (make_tix_user(admin), make_organization(name="Another"))
    for other in others:
        assert call("GET", f"/api/jobs/{job_id}/", token=token_of(other)).status == 404
    assert call("GET", f"/api/jobs/{new_id('job')}/", token=token).status == 404


def clear_in_part(job_id: str) -> None:
    """Run a step of a clearing that dies after the first of its transactions."""

    def die() -> None:
        raise Died

    with before("TransactWriteItems", None, die), pytest.raises(Died):
        worker.run_step(job_id)


@pytest.mark.parametrize("is_clearing", [False, True], ids=["writing", "clearing"])
def test_a_job_that_goes_on_is_not_queued_a_second_time(token: str, *, is_clearing: bool) -> None:
    job_id = job_of(many(token))
    if is_clearing:
        work()
        job_id = start_clearing(token)
    begun = clock.now()
    sweeps.begin()
    with clock.set_to(begun + jobs.PATIENCE - timedelta(minutes=1)):
        (clear_in_part if is_clearing else write_in_part)(job_id)
    with clock.set_to(begun + jobs.PATIENCE + timedelta(minutes=1, seconds=1)):
        assert schedules.sweep().handled == 0
    with clock.set_to(begun + 2 * jobs.PATIENCE):
        assert schedules.sweep().handled == 1


def test_numbers_whose_job_failed_are_written_once_the_runbook_opened_it_again(token: str) -> None:
    job_id = job_of(many(token))
    sweeps.begin()
    revived = [Job.revivals.set(jobs.MOST_REVIVALS), Job.revived_at_done.set(0)]
    operations.record(operations.change(keys.jobs.job(job_id), revived))
    with clock.set_to(clock.now() + jobs.PATIENCE + timedelta(minutes=1)):
        schedules.sweep()
    work()
    assert (shown(token, job_id)["status"], listed(token)["total"]) == ("failed", 0)
    coming = clock.now() + 2 * jobs.PATIENCE
    aws_cli(
        RUNBOOK.read_text(encoding="utf-8"),
        {"<job>": job_id, "<minute, such as 2026-11-21T08:30>": f"{coming:%Y-%m-%dT%H:%M}"},
    )
    with clock.set_to(coming + timedelta(minutes=1)):
        schedules.sweep()
        work()
    assert (shown(token, job_id)["status"], listed(token)["total"]) == ("complete", MANY)


def aws_cli(runbook: str, filled: dict[str, str]) -> None:
    """Do what a runbook's last command of the AWS command line does, on the table of the tests."""
    command = [line for line in runbook.splitlines() if line.startswith("aws dynamodb update-item")][-1]
    for blank, value in filled.items():
        command = command.replace(blank, value)
    words = iter(shlex.split(command)[3:])
    given = {name.removeprefix("--").title().replace("-", ""): value for name, value in zip(words, words, strict=True)}
    named = {name: json.loads(value) if value.startswith("{") else value for name, value in given.items()}
    getattr(operations.client(), "update_item")(**named | {"TableName": config().table_name})  # noqa: B009  # botocore types no client


def test_a_printed_list_is_linked_by_its_job(token: str) -> None:
    many(token, count=3)
    job_id = print_list(token).json["job_id"]
    assert (shown(token, job_id)["kind"], shown(token, job_id)["url"]) == ("tickets_print", None)
    work()
    done = shown(token, job_id)
    assert (done["status"], done["done"], done["total"]) == ("complete", 3, 3)
    assert job_id in done["url"]
    assert done["expires_at"] > clock.to_text(clock.now())


def test_every_kind_of_job_can_be_shown() -> None:
    def kinds(of: type[Job]) -> set[type[Job]]:
        return {of, *(kind for each in of.__subclasses__() for kind in kinds(each))}

    registered = worker.KINDS
    assert set(registered) == kinds(Job) - {Job}
    names = [kind.name for kind in registered.values()]
    assert len(names) == len(set(names))


def start_generating(token: str) -> str:
    return job_of(many(token))


def start_printing(token: str) -> str:
    return str(print_list(token).json["job_id"])


def start_clearing(token: str) -> str:
    return str(call("DELETE", f"{TICKETS}?confirm=City%20Run", token=token).json["job_id"])


@pytest.mark.parametrize("start", [start_generating, start_printing, start_clearing])
def test_the_same_request_within_ten_minutes_is_the_same_job(admin: Account, token: str, start: Any) -> None:
    many(token, count=4)
    work()
    now = clock.now()
    with clock.set_to(now):
        first = start(token)
        assert start(token) == first
        # Of somebody else it is another one.
        if start is not start_clearing:
            assert start(token_of(make_tix_user(admin))) != first
    with clock.set_to(now + jobs.SAME_REQUEST - timedelta(seconds=1)):
        assert start(token) == first
    with clock.set_to(now + jobs.SAME_REQUEST):
        assert start(token) != first


def test_requests_with_keys_of_their_own_are_jobs_of_their_own(token: str) -> None:
    assert job_of(many(token, key="a")) != job_of(many(token, key="b"))
    assert job_of(many(token, key="a")) == job_of(many(token, key="a"))


def test_another_range_paper_or_name_is_another_job(token: str) -> None:
    many(token, count=3)
    first = print_list(token).json["job_id"]
    assert print_list(token, to=2).json["job_id"] != first
    assert call("PUT", "/api/tix/settings", {"paper": {"size": "A5"}}, token=token).status == 200
    assert print_list(token).json["job_id"] != first
    again = print_list(token, to=2).json["job_id"]
    assert call("PUT", "/api/tix/settings", {"name": "City Marathon"}, token=token).status == 200
    assert print_list(token, to=2).json["job_id"] != again


def test_clearing_again_deletes_what_was_generated_since(token: str) -> None:
    stream = StreamReader()
    many(token, count=4)
    work()
    first = start_clearing(token)
    work()
    stream.drain()
    many(token, count=5)
    work()
    assert start_clearing(token) != first
    work()
    stream.drain()
    assert listed(token)["total"] == 0


def test_clearing_again_deletes_what_was_being_written_before(token: str) -> None:
    stream = StreamReader()
    many(token, count=4)
    work()
    many(token, count=5)
    # The last range is spared: its tickets are not visible yet.
    first = start_clearing(token)
    work()
    stream.drain()
    assert listed(token)["total"] == 5
    assert start_clearing(token) != first
    work()
    stream.drain()
    assert listed(token)["total"] == 0


def test_a_prefix_in_small_letters_is_stored_in_capitals(token: str) -> None:
    answer = ask(token, {"count": 1, "prefix": "vip-a"})
    assert (answer.json[0]["prefix"], answer.json[0]["number"]) == ("VIP-A", "VIP-A-000001")
