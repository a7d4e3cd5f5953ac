"""Bulk work on cards: good rows are done, each bad one is reported by its line, and a repeat does nothing twice."""

import csv
import io
import uuid
from typing import Any

import pytest

from chalicelib.clients import files
from chalicelib.domain.card_office import card_lists
from chalicelib.table import keys, operations
from chalicelib.vocabulary.access import AdminRole
from chalicelib.workers import jobs as worker
from tests.support import wallets
from tests.support.client import Answer, call
from tests.support.desk import ask, new_uid
from tests.support.factories import admin_token, make_merchant
from tests.support.shops import in_stock, make_shop, new_customer, stored

pytestmark = pytest.mark.usefixtures("moto_cloud")


class Desk:
    """One member of staff."""

    def __init__(self) -> None:
        self.token = admin_token(AdminRole.ADMIN)

    def begin(self, action: str, **body: Any) -> Answer:
        return ask("POST", "nfc-cards/bulk/", {"action": action, **body}, token=self.token)

    def done(self, answer: Answer) -> dict[str, Any]:
        """Run a job to its end, and return its progress as both routes show it."""
        assert answer.status == 202, answer.text
        job_id = answer.json["job_id"]
        worker.run_step(job_id)
        shown = ask("GET", f"nfc-cards/bulk/?job_id={job_id}", token=self.token).json
        # The links differ by their signature.
        assert {**ask("GET", f"jobs/{job_id}/", token=self.token).json, "url": 0, "expires_at": 0} == {
            **shown,
            "url": 0,
            "expires_at": 0,
        }
        return dict(shown)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def known(uid: str) -> bool:
    return operations.get(keys.cards.card(uid)) is not None


def by_line(shown: dict[str, Any]) -> dict[int, str]:
    return {error["row"]: error["message"] for error in shown["errors"]}


def problems_file(job_id: str) -> list[dict[str, str]]:
    content = files.read(f"exports/{job_id}/problems.csv", limit=10**6)
    assert content is not None
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_file_with_bad_rows_creates_the_good_ones_and_names_each_bad_line(desk: Desk) -> None:
    good, taken = [new_uid() for _ in range(120)], wallets.make_card(new_customer())
    rows = [f'"{uid[:2]}:{uid[2:].lower()}",box 1' for uid in good]
    rows[10:10] = ["not a card,box 2", f"{taken.uid},box 3", "", f"{good[3]},box 4", '"=1+1",box 5']
    content = "\ufeff" + "Card UID,note\r\n" + "\r\n".join(rows) + "\r\n"

    shown = desk.done(desk.begin("create", csv=content))

    assert (shown["status"], shown["kind"], shown["total"], shown["done"]) == ("complete", "cards_bulk", 124, 124)
    assert all(map(known, good))
    # The header is line 1, and an empty line counts as one.
    found = by_line(shown)
    assert sorted(found) == [12, 13, 15, 16]
    assert "known already" in found[13]
    assert "line 5" in found[15]
    written = problems_file(desk.begin("create", csv=content).json["job_id"])
    assert [int(row["line"]) for row in written] == [12, 13, 15, 16]
    assert written[-1]["uid"].startswith("'=")
    assert shown["url"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["", "name{d}uid{d}x\n"])
def test_a_list_is_read_with_and_without_a_header_in_any_delimiter(delimiter: str, header: str) -> None:
    uid, cells = new_uid(), ("Box", "X") if header else ()
    row = delimiter.join([cells[0], f'"{uid}"', cells[1]] if cells else [uid, "first\r\nsecond"])
    text = header.format(d=delimiter) + row + "\n"
    read = card_lists.read(None, text.replace("first\r\nsecond", '"first\r\nsecond"').encode() + b"zzz\n")
    assert [one.uid for one in read.rows] == [uid]
    # Quoted line breaks count as lines of the file.
    assert [one.line for one in read.bad] == [3]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_a_file_in_another_encoding_is_refused_as_a_whole(encoding: str, desk: Desk) -> None:
    content = f"uid,Größe\n{new_uid()},1\n".encode(encoding)
    between = uuid.uuid4().hex
    parts = [b'name="action"\r\n\r\ncreate', b'name="csv"; filename="cards.csv"\r\n\r\n' + content]
    raw = b"".join(b"--%s\r\nContent-Disposition: form-data; %s\r\n" % (between.encode(), part) for part in parts)
    answer = call(
        "POST",
        "/api/nfc-cards/bulk/",
        raw=raw + b"--%s--\r\n" % between.encode(),
        token=desk.token,
        headers={"content-type": f"multipart/form-data; boundary={between}"},
    )
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), answer.text
    assert answer.json["error"]["details"][0]["field"] == "csv"
    assert "UTF-8" in answer.json["error"]["details"][0]["message"]


def test_a_form_carries_the_file_itself(desk: Desk) -> None:
    uid, between = new_uid(), uuid.uuid4().hex
    parts = ['name="action"\r\n\r\ncreate', f'name="csv"; filename="cards.csv"\r\n\r\n\ufeffuid\r\n{uid}\r\n']
    raw = "".join(f"--{between}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + f"--{between}--\r\n"
    kind = {"content-type": f"multipart/form-data; boundary={between}"}
    shown = desk.done(call("POST", "/api/nfc-cards/bulk/", raw=raw.encode(), token=desk.token, headers=kind))
    assert (shown["done"], shown["errors"], known(uid)) == (1, [], True)


def test_what_makes_no_list_is_refused_by_field(desk: Desk) -> None:
    uid = new_uid()
    refused = {
        "neither": desk.begin("create"),
        "both": desk.begin("create", cards=[uid], csv=uid),
        "empty": desk.begin("create", csv="uid\n"),
        "too many": desk.begin("create", csv="\n".join(f"{n:014X}" for n in range(10_001))),
        "no shop": desk.begin("assign_merchant", cards=[uid]),
        "a shop to block": desk.begin("block", cards=[uid], merchant_id="mer_1"),
        "read as text of two bytes a letter": desk.begin("create", csv="\x00u\x00i\x00d"),
    }
    assert {name: answer.status for name, answer in refused.items()} == dict.fromkeys(refused, 400)
    assert desk.begin("create", cards=[uid], merchant_id="mer_nobody").status == 404
    unchecked = make_merchant()
    operations.record(
        operations.change(keys.access.account(unchecked.account_id), [type(unchecked).verified_at.remove()])
    )
    assert desk.begin("create", cards=[uid], merchant_id=unchecked.account_id).status == 409
    assert not known(uid)


def test_a_list_of_ten_thousand_in_json_is_accepted(desk: Desk) -> None:
    many = [f"{n:020X}" for n in range(1, 10_001)]
    answer = desk.begin("create", cards=many)
    assert (answer.status, answer.json["accepted"]) == (202, 10_000)
    job = operations.get(keys.cards.batch(answer.json["job_id"]))
    assert job is not None
    assert (job.quantity, job.done) == (10_000, 0)


def test_the_same_request_is_the_same_job_and_another_account_does_not_see_it(desk: Desk) -> None:
    cards = [new_uid()]
    first, again, other = (desk.begin("create", cards=cards) for _ in range(3))
    another = Desk()
    theirs = another.begin("create", cards=cards)
    assert first.json == again.json == other.json
    assert theirs.json["job_id"] != first.json["job_id"]
    assert ask("GET", f"nfc-cards/bulk/?job_id={first.json['job_id']}", token=another.token).status == 404
    assert desk.done(first)["errors"] == []
    # Delivered again after its end.
    worker.run_step(first.json["job_id"])
    assert "known already" in by_line(another.done(theirs))[1]


def test_cards_are_given_to_a_shop_blocked_and_activated_as_their_states_allow(desk: Desk) -> None:
    shop, other, customer = make_shop(), make_shop("Other"), new_customer()
    free, theirs, held = in_stock(shop.id), in_stock(other.id), in_stock(other.id)
    other.hold(held, customer)
    used, unknown = wallets.make_card(customer, holds=500), new_uid()
    uids = [free.uid, theirs.uid, held.uid, used.uid, unknown]

    given = by_line(desk.done(desk.begin("assign_merchant", cards=uids, merchant_id=shop.id)))
    assert sorted(given) == [3, 4, 5]
    assert [("held" in given[3]), ("active" in given[4]), ("no card" in given[5])] == [True] * 3
    assert {one["uid"] for one in shop.get("cards/?status=stock").json["results"]} == {free.uid, theirs.uid}

    blocked = desk.done(desk.begin("block", cards=uids, reason="Stolen box."))
    assert sorted(by_line(blocked)) == [5]
    assert {stored(card).status for card in (free, theirs, held, used)} == {"blocked"}
    assert stored(used).block_reason == "Stolen box."
    assert wallets.books().balances[used.uid].amount == 500
    assert sorted(by_line(desk.done(desk.begin("activate", cards=uids)))) == [5]
    assert {stored(card).status for card in (free, theirs, held, used)} == {"active"}


@pytest.mark.parametrize("field", ["csv", "cards"])
def test_a_list_takes_a_uid_in_each_form_that_a_single_card_does(desk: Desk, field: str) -> None:
    uids = [new_uid() for _ in range(4)]
    apart = " ".join(uids[0][place : place + 2] for place in range(0, len(uids[0]), 2))
    forms = [apart, f"0x{uids[1]}", f"]Q1{uids[2].lower()}", f"{uids[3]}\u200b"]
    answer = desk.begin("create", **{field: "uid\n" + "\n".join(forms) if field == "csv" else forms})
    assert answer.json["accepted"] == len(uids)
    desk.done(answer)
    assert all(map(known, uids))
