"""Enumerated filters: either spelling of a word is accepted, and an unknown word is refused."""

from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.schemas import messages
from chalicelib.schemas.organizer.payouts import PayoutsIn
from chalicelib.schemas.tix.tickets import TicketsIn
from chalicelib.schemas.usher.log import LogSearchIn
from chalicelib.schemas.webapp.history import PaymentsIn
from chalicelib.vocabulary import PaymentStatus, PayoutStatus, ScanResult, TicketFilter


@pytest.mark.parametrize(
    ("model", "field", "spelling", "word"),
    [
        (LogSearchIn, "result", "already_scanned", ScanResult.ALREADY_SCANNED),
        (LogSearchIn, "result", "Already Scanned", ScanResult.ALREADY_SCANNED),
        (PayoutsIn, "status", "On Hold", PayoutStatus.ON_HOLD),
        (PaymentsIn, "status", "Requires Confirmation", PaymentStatus.REQUIRES_CONFIRMATION),
        (TicketsIn, "filter", "not-scanned", TicketFilter.NOT_SCANNED),
        (TicketsIn, "filter", "Not Scanned", TicketFilter.NOT_SCANNED),
    ],
)
def test_a_filter_accepts_either_spelling(model: type[BaseModel], field: str, spelling: str, word: StrEnum) -> None:
    assert getattr(model.model_validate({field: spelling}), field) is word


@pytest.mark.parametrize("value", ["scanned twice", "", 7, ["valid"]])
def test_a_filter_refuses_an_unknown_word_and_names_the_known_ones(value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        LogSearchIn.model_validate({"result": value})
    (problem,) = messages.problems(caught.value, LogSearchIn)
    assert problem == {"field": "result", "message": "must be valid, invalid, already_scanned or not_found"}


def test_a_status_that_the_history_never_lists_is_refused() -> None:
    with pytest.raises(ValidationError):
        PaymentsIn.model_validate({"status": "Refund Due"})
