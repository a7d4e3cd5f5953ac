"""What is sent over the socket is described: in the document, and on the page for people."""

import re

import pytest

from chalicelib.domain.live import audiences
from chalicelib.portals.http.route import ROUTES
from chalicelib.portals.openapi.components import name_of
from chalicelib.portals.openapi.document import document
from chalicelib.schemas import live
from chalicelib.schemas.wire import Out
from chalicelib.vocabulary.messages import LiveType
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([a-z-]+)` \| `([^`]+)` \| [^|]+ \| `(\w+)` \| [^|]+ \|$", re.MULTILINE)


def test_each_type_is_either_a_message_of_a_channel_or_an_answer() -> None:
    assert sorted([*live.MESSAGES, *live.ANSWERS]) == sorted(LiveType)


def test_the_page_has_a_row_for_each_message_with_its_channel_and_its_data() -> None:
    rows = {type_: (channel, data) for type_, channel, data in _ROW.findall(PAGE)}
    assert rows == {type_.value: (message.channel, name_of(message.data)) for type_, message in live.MESSAGES.items()}


@pytest.mark.parametrize("type_", list(live.ANSWERS))
def test_the_page_names_each_answer_to_a_command(type_: LiveType) -> None:
    assert f"`{type_}`" in PAGE


@pytest.mark.parametrize(
    "model", [message.data for message in live.MESSAGES.values() if message.data.__module__ == live.__name__]
)
def test_the_page_lists_the_fields_that_no_route_answers_with(model: type[Out]) -> None:
    said = next(part for part in PAGE.split("\n- ") if part.startswith(f"`{name_of(model)}`"))
    fields = {field.alias or name for name, field in model.model_fields.items()}
    assert fields <= set(re.findall(r"`(\w+)`", said))


def test_the_page_says_what_organizers_see_of_a_check_in() -> None:
    said = next(part for part in PAGE.split("\n- ") if part.startswith("An organizer"))
    assert set(re.findall(r"`([a-z_]+)`", said)) == set(audiences.OF_ORGANIZERS[LiveType.CHECK_IN])


def test_the_document_has_the_schema_of_each_message_and_of_a_command() -> None:
    whole = document(ROUTES)
    described, schemas = whole["x-live-messages"], whole["components"]["schemas"]
    assert set(described["messages"]) == set(live.MESSAGES)
    assert set(described["answers"]) == set(live.ANSWERS)
    for type_, message in described["messages"].items():
        assert schemas[message["data"]["$ref"].rpartition("/")[2]]["properties"], type_
        assert f"`{type_}`" in whole["info"]["description"]
    assert set(schemas[described["command"]["$ref"].rpartition("/")[2]]["properties"]) == {
        "action",
        "channel",
        "after",
        "batch",
    }
