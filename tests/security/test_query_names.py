"""Every route refuses a query parameter that it does not know, names those that it knows, and reads them as typed."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import quote

import pytest

from chalicelib.schemas.wire import Scanned
from tests.contract.ground import Ground, label, routes


def test_an_unknown_query_parameter_is_400_and_the_answer_names_the_known_ones(ground: Ground) -> None:
    for route in routes():
        right = ground.rightful(route)
        answer = ground.send(
            route, replace(right, query=f"{right.query}&colour=red".lstrip("&")), token=ground.token(route)
        )

        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), label(route)
        details = answer.json.get("details") or answer.json["error"]["details"]
        assert [problem["field"] for problem in details] == ["colour"]
        fields = route.query.model_fields if route.query else {}
        known = [field.alias or name for name, field in fields.items()]
        assert all(name in details[0]["message"] for name in known), (label(route), details)


def test_a_parameter_with_two_values_is_400_and_one_value_twice_is_not(ground: Ground) -> None:
    reading = [route for route in routes() if route.method == "GET" and route.query and route.query.model_fields]
    for route in reading:
        right, token = ground.rightful(route), ground.token(route)
        name, field = next(iter(route.query.model_fields.items())) if route.query else ("", None)
        name = (field.alias if field else None) or name
        answer = ground.send(route, replace(right, query=f"{name}=1&{name}=2"), token=token)
        assert answer.status == 400, label(route)
        details = answer.json.get("details") or answer.json["error"]["details"]
        assert {"field": name, "message": "was sent with several values; send one"} in details, label(route)
        if right.query:
            answer = ground.send(route, replace(right, query=f"{right.query}&{right.query}"), token=token)
            assert answer.status == route.status, (label(route), answer.text)
    assert len(reading) > 50


def test_page_is_400_on_every_list_that_goes_by_cursor(ground: Ground) -> None:
    lists = [
        route
        for route in routes()
        if route.query and "cursor" in route.query.model_fields and "page" not in route.query.model_fields
    ]
    for route in lists:
        answer = ground.send(route, replace(ground.rightful(route), query="page=2"), token=ground.token(route))

        assert answer.status == 400, label(route)
        assert "paged by cursor" in answer.text, label(route)
    assert lists


def test_the_parameters_of_caches_and_campaigns_are_ignored(ground: Ground) -> None:
    reading = [route for route in routes() if route.method == "GET" and route.reply is not None]
    for route in reading:
        right = ground.rightful(route)
        query = f"{right.query}&_=1&utm_source=mail&utm_x=y".lstrip("&")
        answer = ground.send(route, replace(right, query=query), token=ground.token(route))

        assert answer.status == route.status, (label(route), answer.text)
    assert reading


def test_many_and_long_unknown_names_are_not_repeated_at_length(ground: Ground) -> None:
    route = next(route for route in routes() if route.operation_id == "public_events")
    names = [f"{'x' * 300}{number}" for number in range(20)]
    query = "&".join(f"{name}=1" for name in names)
    answer = ground.send(route, replace(ground.rightful(route), query=query), token=None)

    assert answer.status == 400
    assert len(answer.text) < 2000


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from _parts(part)


def _is_typed(name: str, field: Any) -> bool:
    """Whether a parameter is a text of any characters, which people type to find something."""
    parts = [part for each in (field.annotation, *field.metadata) for part in _parts(each)]
    is_parsed = any(isinstance(part, Scanned) or getattr(part, "pattern", None) for part in parts)
    return str in parts and not is_parsed and name not in ("cursor", "ordering")


def test_what_keyboards_and_clipboards_add_is_no_reason_to_refuse_a_search(ground: Ground) -> None:
    wrong, tried = [], set()
    for route in routes():
        for name, field in (route.query.model_fields if route.query else {}).items():
            if not _is_typed(name, field):
                continue
            tried.add(name)
            for typed in ("\u200bLahore\u200e", "\u0645\u06cc\u200c", "\ufeffRock\u00ad", "a\tb\r\n", "a\u202eb"):
                right = ground.rightful(route)
                asked = replace(right, query=f"{right.query}&{name}={quote(typed)}".lstrip("&"))
                answer = ground.send(route, asked, token=ground.token(route))
                # A cursor, a campus or a confirmation that is unknown is refused as such.
                if answer.status >= 500 or "must not" in answer.text:
                    wrong.append((label(route), name, typed, answer.status))
    assert wrong == []
    assert {"search", "attendee", "username", "city"} <= tried


def test_a_parameter_of_spaces_counts_as_left_out(ground: Ground) -> None:
    route = next(route for route in routes() if route.operation_id == "public_events")
    answer = ground.send(route, replace(ground.rightful(route), query="search=%20%20&city=+&cursor=%20"), token=None)

    assert answer.status == 200, answer.text
    for others in ("page_size=%20", "ordering=%20", "date_from=%20"):
        assert ground.send(route, replace(ground.rightful(route), query=others), token=None).status == 400, others


_OTHER_SPELLINGS = {
    int: ("1.0", "+1", "1_0", "1e0", "0x1", " 1", "1 ", "\u0665", "true", "null"),
    bool: ("1", "0", "yes", "no", "on", "t", "false ", "null", "undefined"),
}


def test_a_number_and_a_boolean_have_one_spelling_in_every_query(ground: Ground) -> None:
    # The parameters share the wrong spellings out among themselves.
    texts = {kind: itertools.cycle(spellings) for kind, spellings in _OTHER_SPELLINGS.items()}
    tried = set()
    for route in routes():
        for name, field in (route.query.model_fields if route.query else {}).items():
            parts = [*_parts(field.annotation)]
            for text in [next(texts[kind]) for kind in texts if kind in parts]:
                asked = replace(ground.rightful(route), query=f"{name}={quote(text)}")
                answer = ground.send(route, asked, token=ground.token(route))

                details = answer.json.get("details") or answer.json["error"]["details"]
                assert (answer.status, details[0]["field"]) == (400, name), (label(route), text, answer.text)
                tried.add(name)
    assert {"page_size", "page", "limit", "days", "upcoming", "include_past", "names", "audit"} <= tried


@pytest.mark.parametrize("spelled", ["upcoming=true", "upcoming=FALSE", "page_size=05", "upcoming="])
def test_a_boolean_is_true_or_false_in_either_case(spelled: str, ground: Ground) -> None:
    route = next(route for route in routes() if route.operation_id == "customer_tickets")
    answer = ground.send(route, replace(ground.rightful(route), query=spelled), token=ground.token(route))

    assert answer.status == 200, answer.text
