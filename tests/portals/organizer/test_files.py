"""Files of organizers: an event's attendees, and the movements that add up to a payout."""

import csv
import io
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain.payouts import settlements
from chalicelib.workers import jobs as jobs_worker
from tests.support import settled
from tests.support.client import Answer, call
from tests.support.factories import make_customer, make_organizer, token_of
from tests.support.purchases import book, make_show, pay
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def content_of(url: str) -> str:
    content = files.read(urlsplit(url).path.lstrip("/").removeprefix(f"{config().files_bucket}/"), limit=2**20)
    assert content is not None
    return content.decode()


def event_as(token: str, event_id: str, written: str) -> Answer:
    return call("GET", f"/api/organizer/events/{event_id}/?format={written}", token=token)


def test_the_attendees_of_an_event_are_a_file_without_contacts() -> None:
    organizer = make_organizer()
    event, standard = make_show(organizer_id=organizer.account_id)
    buyer = make_customer()
    pay(book(buyer, standard, 2))
    StreamReader().drain()
    answer = event_as(token_of(organizer), event.event_id, "csv")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = rows_of(answer.text)
    assert [(row["name"], row["category"], row["status"], row["entered"]) for row in rows] == [
        (buyer.name, standard.name, "valid", "no")
    ] * 2
    assert buyer.mobile_number not in answer.text
    assert event_as(token_of(organizer), event.event_id, "json").json["id"] == event.event_id


def test_many_attendees_are_written_by_a_job_of_the_organizer() -> None:
    organizer = make_organizer()
    event, standard = make_show(organizer_id=organizer.account_id)
    pay(book(make_customer(), standard, 3))
    StreamReader().drain()
    with configured(LIMIT_ATTENDEE_ROWS=2):
        answer = event_as(token_of(organizer), event.event_id, "csv")
    assert (answer.status, answer.json["status"]) == (202, "open")
    jobs_worker.run_step(answer.json["job_id"])
    job = call("GET", f"/api/jobs/{answer.json['job_id']}/", token=token_of(organizer)).json
    assert job["status"] == "complete"
    assert len(rows_of(content_of(job["url"]))) == 3
    assert call("GET", f"/api/jobs/{answer.json['job_id']}/", token=token_of(make_organizer())).status == 404


def test_the_attendees_of_anothers_event_are_not_found() -> None:
    event, _ = make_show(organizer_id=make_organizer().account_id)
    assert event_as(token_of(make_organizer()), event.event_id, "csv").status == 404


def test_the_movements_before_the_close_add_up_to_the_payout() -> None:
    organizer = make_organizer()
    event, standard, box = settled.make_evening(organizer)
    settled.give_back(settled.buy(standard, 3), 1)
    settled.buy(box, 1)
    StreamReader().drain()
    with settled.after(event):
        payout_id = settlements.close(event.event_id, by="adm_1").payout_id
        path = f"/api/organizer/payouts/{payout_id}/"
        payout = call("GET", path, token=token_of(organizer)).json
        answer = call("GET", f"{path}?format=csv", token=token_of(organizer))
        others = call("GET", f"{path}?format=csv", token=token_of(make_organizer()))
        with configured(LIMIT_SETTLEMENT_LINES=1):
            large = call("GET", f"{path}?format=csv", token=token_of(organizer))
    assert (answer.status, others.status, large.status) == (200, 404, 202)
    rows = [row for row in rows_of(answer.text) if row["after_close"] == "no"]
    for name in ("gross", "refunds", "platform_fee", "net"):
        assert sum(Decimal(row[name]) for row in rows) == Decimal(payout[name]["amount"])
