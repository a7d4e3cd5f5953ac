"""Enumerated filters: either spelling of a word is accepted, and an unknown word is refused."""

from enum import StrEnum
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.schemas import messages
from chalicelib.schemas.organizer.payouts import PayoutsIn
from chalicelib.schemas.tix.tickets import TicketsIn
from chalicelib.schemas.usher.log import LogSearchIn
from chalicelib.schemas.webapp.history import PaymentsIn
from chalicelib.vocabulary.gate import ScanResult
from chalicelib.vocabulary.numbered_tickets import TicketFilter
from chalicelib.vocabulary.payments import PaymentStatus
from chalicelib.vocabulary.payouts import OwnPayoutStatus
from tests.contract.ground import routes


@pytest.mark.parametrize(
    ("model", "field", "spelling", "word"),
    [
        (LogSearchIn, "result", "already_scanned", ScanResult.ALREADY_SCANNED),
        (LogSearchIn, "result", "Already Scanned", ScanResult.ALREADY_SCANNED),
        (PayoutsIn, "status", "On Hold", OwnPayoutStatus.ON_HOLD),
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


def _words(annotation: Any) -> list[str]:
    """Return the words of an enumeration or of a literal of them, also where null is one of several types."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [str(word) for word in annotation]
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    return next((words for words in map(_words, get_args(annotation)) if words), [])


_ENUMERATED = [
    pytest.param(route.query, name, _words(field.annotation), id=f"{route.operation_id} {name}")
    for route in routes()
    if route.query is not None
    for name, field in route.query.model_fields.items()
    if _words(field.annotation)
]


@pytest.mark.parametrize(("model", "field", "words"), _ENUMERATED)
def test_every_enumerated_filter_of_every_route_takes_each_word_in_either_spelling(
    model: type[BaseModel], field: str, words: list[str]
) -> None:
    needed = {name: "evt_1" for name, each in model.model_fields.items() if each.is_required()}
    for word in words:
        read = {
            str(getattr(model.model_validate({**needed, field: spelling}), field))
            for spelling in (word, word.replace("_", " ").title(), word.upper(), word.replace("_", "-"))
        }
        assert read == {word}


def test_routes_have_enumerated_filters() -> None:
    assert len(_ENUMERATED) >= 8
