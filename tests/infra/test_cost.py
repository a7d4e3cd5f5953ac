"""The bill: its prices are dated and from one file, and a bill above what is allowed ends the command."""

from datetime import date
from typing import Any

import pytest

from bench import bill, cost
from bench.bill import Bill
from bench.pieces import Piece
from bench.prices import FILE, price, prices


def _bills(quiet: float, busy: float) -> list[Bill]:
    calls = {"handler": 1.0}
    return [Bill(pace, {"all": dollars}, calls) for pace, dollars in zip(bill.PACES, (quiet, busy), strict=True)]


def test_prices_are_dated_and_each_service_names_its_source() -> None:
    assert date.fromisoformat(prices()["as_of"]) <= date(2099, 1, 1)
    heads = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("[")]
    assert len(heads) > 5
    assert all("#" in line for line in heads)
    with pytest.raises(KeyError):
        price("lambda", "of nothing")


def test_a_bill_above_what_is_allowed_ends_the_command_and_names_the_pace() -> None:
    bill.require_within(_bills(bill.AIM, bill.AIM))
    with pytest.raises(SystemExit, match="at 118 a second"):
        bill.require_within(_bills(bill.AIM, bill.AIM + 0.01))
    with pytest.raises(SystemExit, match="at 2 a second"):
        bill.require_within(_bills(bill.AIM + 0.01, bill.AIM))


def test_a_piece_is_priced_by_what_it_used() -> None:
    used: dict[str, Any] = {"api_calls": 0, "function_calls": 0, "requests": 0, "read_units": 0, "write_units": 0}
    nothing = Piece(**used, cpu_seconds=0, log_bytes=0)
    assert nothing.dollars == 0
    written = Piece(**{**used, "write_units": 1_000_000}, cpu_seconds=0, log_bytes=0)
    assert written.dollars == pytest.approx(price("dynamodb", "write_units_million"))
    called = Piece(**{**used, "api_calls": 1_000_000}, cpu_seconds=0, log_bytes=0)
    logs = bill.ACCESS_LOG_BYTES * 1e6 * price("cloudwatch", "logs_gb") / 1e9
    assert called.dollars == pytest.approx(price("api_gateway", "rest_million") + logs)


def test_the_report_has_every_part() -> None:
    piece = Piece(1, 1, 1, 1, 1, 0.001, 100)
    text = cost.render(_bills(8.0, 7.0), {"order": piece}, {"KMS::Key": (2, 2.0)}, "0 0 0")
    for part in ("| all ", "8.00", "| order", "| KMS::Key", prices()["as_of"]):
        assert part in text
