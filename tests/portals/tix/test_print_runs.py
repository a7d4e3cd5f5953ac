"""Print runs: every code on a sheet is its ticket's own, a list has no formulas, voided tickets are not printed."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import segno
import zxingcpp
from botocore.session import get_session

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain.documents import typefaces
from chalicelib.domain.organizations import numbered_tickets, numbering
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.domain.organizations.printing import sheet_layout, sheet_proof, ticket_sheets
from chalicelib.domain.organizations.printing.sheet_proof import UnreadableSheet
from chalicelib.domain.organizations.printing.ticket_sheets import PrintedTicket
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Organization
from chalicelib.workers import jobs as jobs_worker
from chalicelib.workers import schedules
from tests.support.client import Answer, call
from tests.support.factories import make_organization, make_tix_user, token_of
from tests.support.meanwhile import before, lost
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
PRINT = "/api/tix/tickets/print"


@pytest.fixture
def admin(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_organization()


def generate(of: Account, count: int, *, prefix: str = "RUN", extra: str | None = None) -> list[Any]:
    organization_id = str(of.organization_id)
    wanted = GenerationInput(count, prefix, extra)
    numbering.generate(organization_id, wanted, user_id=of.account_id, operation_id=new_id("op"))
    return [*numbered_tickets.of_numbers(organization_id, prefix, 1, 10_000)]


def ask(by: Account, **changes: Any) -> Answer:
    return call("POST", PRINT, {"prefix": "RUN", "from": 1, "to": 30, **changes}, token=token_of(by))


def shown(by: Account, job_id: str) -> dict[str, Any]:
    return dict(call("GET", f"{PRINT}/{job_id}", token=token_of(by)).json)


def printed(by: Account, **changes: Any) -> dict[str, Any]:
    """Request a run and run the worker; return the result."""
    job_id = ask(by, **changes).json["job_id"]
    jobs_worker.run_step(job_id)
    return shown(by, job_id)


def stored_files() -> dict[str, bytes]:
    s3: Any = get_session().create_client("s3")
    found = s3.list_objects_v2(Bucket=config().files_bucket).get("Contents", [])
    contents = {each["Key"]: files.read(each["Key"], limit=10**8) for each in found}
    return {key: content for key, content in contents.items() if content is not None}


def codes_and_texts(document: bytes) -> tuple[list[str], str]:
    """Read all codes of a PDF off its pages as a phone would, and its text."""
    pdf = pypdfium2.PdfDocument(document)
    codes = [
        code.text for page in pdf for code in zxingcpp.read_barcodes(page.render(scale=3, grayscale=True).to_pil())
    ]
    return codes, "".join(page.get_textpage().get_text_bounded() for page in pdf)


def test_a_sheet_has_each_tickets_code_and_number_once_and_nothing_that_was_taken_back(admin: Account) -> None:
    tickets = generate(admin, 30, extra='{"section": "A", "gate": "North شمال"}')
    token = token_of(admin)
    assert call("POST", "/api/tix/tickets/void", {"prefix": "RUN", "from": 7, "to": 7}, token=token).status == 200
    assert call("DELETE", f"/api/tix/tickets/{tickets[8].ticket_id}", token=token).status == 200
    run = printed(admin)
    assert (run["status"], run["count"], run["done"], run["problem"]) == ("complete", 30, 30, None)
    ((key, document),) = stored_files().items()
    assert key.startswith(f"exports/{admin.organization_id}/{run['job_id']}/")
    (file,) = run["files"]
    assert key in file["url"]
    assert (file["from"], file["to"], file["tickets"]) == ("RUN-000001", "RUN-000030", 28)
    kept = [ticket for ticket in tickets if ticket.number not in (7, 9)]
    codes, text = codes_and_texts(document)
    assert sorted(codes) == sorted(ticket.ticket_id for ticket in kept)
    for ticket in tickets:
        assert (numbered_tickets.number_of(ticket) in text) == (ticket in kept)
    assert text.count("Lahore Marathon") == text.count("section: A") == 28


def test_chinese_and_korean_are_printed(admin: Account) -> None:
    written = {
        "a": "\u5f20\u4f1f \u9f8d",
        "b": "\u3072\u3089\u304c\u306a \u30ab\u30ca \u6771\u4eac",
        "c": "\uae40\ubbfc\uc218",
    }
    tickets = generate(admin, 1, extra=json.dumps(written, ensure_ascii=False))
    run = printed(admin, to=1)
    assert run["status"] == "complete"
    codes, text = codes_and_texts(*stored_files().values())
    assert sorted(codes) == sorted(ticket.ticket_id for ticket in tickets)
    for words in written.values():
        assert set(words) <= set(text)
    assert typefaces.REPLACEMENT not in text


def test_lines_of_a_text_stay_apart_and_a_field_is_spelled_as_it_was_sent(admin: Account) -> None:
    generate(admin, 1, prefix="LINES", extra=json.dumps("Row\tA\n\nCome early\nNo dogs"))
    generate(admin, 1, prefix="FIELDS", extra=json.dumps({"vip": True, "guest": False, "seat": 7, "gate": "N\nW"}))
    texts = {}
    for prefix in ("LINES", "FIELDS"):
        job_id = printed(admin, prefix=prefix, to=1)["job_id"]
        (document,) = [content for key, content in stored_files().items() if job_id in key]
        texts[prefix] = codes_and_texts(document)[1].splitlines()
    assert texts["LINES"][2:] == ["Row A", "Come early", "No dogs"]
    assert texts["FIELDS"][2:] == ["vip: true", "guest: false", "seat: 7", "gate: N W"]


@pytest.mark.parametrize("extra", ['Row A, "front"\nCome early', {"seat": "\u00e41", "vip": True}, None])
def test_a_list_says_a_text_as_it_was_sent(admin: Account, extra: Any) -> None:
    generate(admin, 1, extra=json.dumps(extra, ensure_ascii=False) if extra else None)
    printed(admin, to=1, format="csv")
    (content,) = stored_files().values()
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert (json.loads(row["extra"]) if isinstance(extra, dict) else row["extra"]) == (extra or "")


@pytest.mark.parametrize("escaped", [False, True])
def test_what_cannot_be_printed_is_named_before_a_sheet_is_made(admin: Account, escaped: bool) -> None:
    generate(admin, 3)
    generate(admin, 2, extra=json.dumps({"gate": "North \u182e\u1823"}, ensure_ascii=escaped))
    refused = ask(admin, to=5)
    assert refused.status == 400
    assert "The extra data of RUN-000004" in refused.json["error"]
    assert "\u1823 (U+1823), \u182e (U+182E)" in refused.json["error"]
    assert stored_files() == {}
    assert ask(admin, to=3).status == ask(admin, to=5, format="csv").status == 202


def test_a_name_that_cannot_be_printed_is_named(admin: Account) -> None:
    generate(admin, 1)
    place = keys.organizations.organization(admin.organization_id)
    operations.record(operations.change(place, [Organization.name.set("\u13a0 Club")]))
    refused = ask(admin, to=1)
    assert (refused.status, "The name of your organization" in refused.json["error"]) == (400, True)
    assert "\u13a0 (U+13A0)" in refused.json["error"]


@pytest.mark.parametrize(
    "said",
    [
        {"size": "A3", "columns": 6, "rows": 16},
        {"size": "A6", "columns": 1, "rows": 1},
        {"size": "Letter", "orientation": "landscape", "columns": 8, "rows": 5, "gap": 0, "margin": 0},
        {"size": "A5", "columns": 2, "rows": 9, "margin": 3.5, "show_name": False, "show_extra": False},
    ],
)
def test_every_code_can_be_read_on_whatever_paper_is_taken(said: dict[str, Any]) -> None:
    layout = sheet_layout.layout(said)
    tickets = [PrintedTicket(new_id("tkt"), f"{'W' * 20}-{n:06d}", ["x" * 60] * 4) for n in range(layout.per_sheet + 1)]
    document = ticket_sheets.render(tickets, layout, name="N" * 100, made_at=clock.now())
    codes, _ = codes_and_texts(document)
    assert sorted(codes) == sorted(ticket.code for ticket in tickets)
    sheet_proof.prove(document, [ticket.code for ticket in tickets], layout)


def test_a_sheet_that_says_anything_else_is_not_proved() -> None:
    layout = sheet_layout.layout({})
    tickets = [PrintedTicket(f"tkt_{n}", f"A-{n}") for n in range(5)]
    codes = [ticket.code for ticket in tickets]
    document = ticket_sheets.render(tickets, layout, name="Run", made_at=clock.now())
    other = sheet_layout.layout({"columns": 4})
    for wrong, said in (
        ([*codes[:4], "tkt_9"], layout),
        ([codes[1], codes[0], *codes[2:]], layout),
        (codes[:4], layout),
        ([*codes, "tkt_9"], layout),
        (codes * 10, layout),
        (codes, other),
    ):
        with pytest.raises(UnreadableSheet):
            sheet_proof.prove(document, wrong, said)


def test_a_run_whose_codes_cannot_be_read_back_fails_and_gives_nothing_away(
    admin: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(admin, 3)
    make: Callable[..., segno.QRCode] = segno.make

    def smudged(code: str, **how: Any) -> segno.QRCode:
        return make(code.replace("tkt_", "tkt-"), **how)

    monkeypatch.setattr(segno, "make", smudged)
    run = printed(admin)
    assert (run["status"], run["files"]) == ("failed", [])
    assert run["problem"]
    assert stored_files() == {}


@pytest.fixture
def small_parts() -> Iterator[None]:
    """Limit each file of a print run to four tickets."""
    with configured(LIMIT_PRINT_PART=4):
        yield


@pytest.mark.usefixtures("small_parts")
def test_many_tickets_come_in_parts_and_a_turn_goes_on_where_the_last_one_stopped(admin: Account) -> None:
    tickets = generate(admin, 14)
    call("PUT", "/api/tix/settings", {"paper": {"columns": 2, "rows": 2}}, token=token_of(admin))
    job_id = ask(admin).json["job_id"]

    def dying_turn() -> None:
        with pytest.raises(Unavailable):
            jobs_worker.run_step(job_id)

    # Another turn stores and enters the part that this one is about to store. Then both die while they store the next.
    with before("PutObject", dying_turn, None, lost, lost, service="s3"):
        dying_turn()
    halfway = shown(admin, job_id)
    assert (halfway["status"], halfway["done"], halfway["files"]) == ("open", 4, [])
    assert len(stored_files()) == 1
    assert call("PUT", "/api/tix/settings", {"paper": {"columns": 1, "rows": 1}}, token=token_of(admin)).status == 200
    jobs_worker.run_step(job_id)
    run = shown(admin, job_id)
    assert [file["tickets"] for file in run["files"]] == [4, 4, 4, 2]
    assert [file["from"] for file in run["files"]] == ["RUN-000001", "RUN-000005", "RUN-000009", "RUN-000013"]
    documents = [content for _, content in sorted(stored_files().items())]
    assert [sorted(codes_and_texts(each)[0]) for each in documents] == [
        sorted(ticket.ticket_id for ticket in tickets[start : start + 4]) for start in range(0, 14, 4)
    ]
    raw = raw_run(job_id)
    assert "gsi2pk" not in raw
    jobs_worker.run_step(job_id)
    assert raw_run(job_id) == raw


def raw_run(job_id: str) -> operations.RawItem:
    (raw,) = operations.query(keys.jobs.job(job_id).pk, consistent=True)
    return raw


def test_a_list_has_a_line_for_each_ticket_and_no_formula(admin: Account) -> None:
    token = token_of(admin)
    tickets = generate(admin, 3, prefix="-RUN", extra='"=HYPERLINK(\\"https://evil.example\\")"')
    (other,) = generate(admin, 1, prefix="PLAIN", extra='"+1"')
    assert call("PUT", f"/api/tix/tickets/{tickets[0].ticket_id}/scan", token=token).status == 200
    run = printed(admin, prefix="-RUN", format="csv")
    plain = printed(admin, prefix="PLAIN", format="csv")
    assert [file["tickets"] for file in run["files"] + plain["files"]] == [3, 1]
    contents = {key.split("/")[2]: content for key, content in stored_files().items()}
    assert contents[run["job_id"]].startswith(b"\xef\xbb\xbf")
    rows = [*csv.DictReader(io.StringIO(contents[run["job_id"]].decode("utf-8-sig")))]
    assert [row["id"] for row in rows] == [ticket.ticket_id for ticket in tickets]
    assert [row["number"] for row in rows] == [f"'-RUN-00000{n}" for n in (1, 2, 3)]
    assert [bool(row["scanned_at"]) for row in rows] == [True, False, False]
    (row,) = csv.DictReader(io.StringIO(contents[plain["job_id"]].decode("utf-8-sig")))
    assert (row["number"], row["id"]) == ("PLAIN-000001", other.ticket_id)
    for each in (*rows, row):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in each.values())


def test_a_run_is_its_organizations_alone_and_is_forgotten_after_a_day(admin: Account) -> None:
    generate(admin, 1)
    job_id = ask(admin).json["job_id"]
    other = make_organization()
    assert call("GET", f"{PRINT}/{job_id}", token=token_of(other)).status == 404
    assert ask(other).status == 404
    assert shown(make_tix_user(admin), job_id)["status"] == "open"
    with clock.set_to(clock.now() + timedelta(hours=24, seconds=1)):
        assert call("GET", f"{PRINT}/{job_id}", token=token_of(admin)).status == 404


def test_a_run_with_nothing_left_to_print_is_refused_in_words(admin: Account) -> None:
    token = token_of(admin)
    made = generate(admin, 3)
    void = {"prefix": "RUN", "from": 1, "to": 3}
    assert call("POST", "/api/tix/tickets/void", void, token=token).json["voided"] == 3
    refused = ask(admin, to=3)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert "voided or deleted" in refused.json["error"]
    # A list has voided tickets, and says so.
    assert ask(admin, to=3, format="csv").status == 202
    for ticket in made:
        assert call("DELETE", f"/api/tix/tickets/{ticket.ticket_id}", token=token).status == 200
    assert ask(admin, to=2, format="csv").code == "INVALID_STATE"


def test_numbers_that_are_none_are_refused(admin: Account) -> None:
    generate(admin, 1)
    for changes in ({"from": 2, "to": 1}, {"from": 0}, {"to": 10_001}, {"format": "docx"}, {"prefix": "r_n"}):
        refused = ask(admin, **changes)
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR"), changes
    assert ask(admin, **{"from": 2, "to": 3}).status == 404


def queued() -> list[str]:
    """Take the jobs that wait in the queue."""
    sqs: Any = get_session().create_client("sqs")
    url = sqs.get_queue_url(QueueName=config().jobs_queue_name)["QueueUrl"]
    found: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [json.loads(message["Body"])["job_id"] for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.close()
    return found


@pytest.mark.usefixtures("swept")
def test_a_run_that_could_not_be_queued_is_begun_by_the_sweep(admin: Account) -> None:
    generate(admin, 1)
    with before("SendMessage", lost, service="sqs"):
        job_id = ask(admin).json["job_id"]
    schedules.sweep()
    assert queued() == []
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        schedules.sweep()
    assert queued() == [job_id]
    jobs_worker.run_step(job_id)
    with clock.set_to(clock.now() + timedelta(minutes=12)):
        schedules.sweep()
    assert queued() == []


def test_the_same_key_begins_one_run(admin: Account) -> None:
    generate(admin, 1)
    body = {"prefix": "RUN", "from": 1, "to": 1}
    told = [
        call("POST", PRINT, body, token=token_of(admin), headers={"idempotency-key": "once"}).json for _ in range(2)
    ]
    assert told[0] == told[1]
