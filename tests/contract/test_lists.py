"""Every declared list, through its route: each filter, ordering, range and search shows what the table says it must.

The table of the ground is the oracle: the items of a list are found there one by one, and compared with its pages.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from pydantic import RootModel

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import lock_outs
from chalicelib.domain.lists import entries
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.declared import LISTS
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.table.items import Item
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import CampusRole
from tests.contract import admin, campus
from tests.contract.ground import Ground
from tests.contract.request import Request
from tests.support.asked import requests
from tests.support.client import Answer
from tests.support.declared import list_of
from tests.support.streams import StreamReader

# The route of the whole list; a part of it, such as the organizers among the users, may have a route of its own.
ROUTE_OF: dict[str, AnyRoute] = {
    listed.name: route for route in reversed(ROUTES) if (listed := list_of(route.query)) is not None
}
# What only the domain reads.
UNSHOWN = {"campus_moved"}
ROUTED = [listed for listed in LISTS if listed.name in ROUTE_OF]
# Values of one filter that are tried.
_TRIED = 6
# A list that shows a part of its items without a wish: the wish that shows them all.
_WHOLE = {"unclaimed": {"since_to": "2199-12-31"}}


def _named(listed: AnyList) -> str:
    return listed.name


@pytest.fixture(scope="module")
def filled(ground: Ground) -> Ground:
    """Rows of every list, as the parts of the ground make them, with their entries."""
    stream = StreamReader()
    for make in (*admin.ROWS, *campus.ROWS):
        make(ground)
    stream.drain()
    return ground


def items_of(listed: AnyList) -> list[Item]:
    """Return all items of a list, from the table itself."""
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[config().table_name]
    raws = [item.to_json()["Attributes"] for ranges in table.items.values() for item in ranges.values()]
    kinds = {str(item.kind.get_discriminator(item)) for item in [listed.item, *listed.item.__subclasses__()]}
    return [item for raw in raws if raw["kind"]["S"] in kinds and listed.lists(item := Item.from_raw_data(raw))]


def ask(ground: Ground, listed: AnyList, **query: Any) -> Answer:
    """Send a query to the route of a list."""
    route = ROUTE_OF[listed.name]
    assert route.query is not None
    spelled = {name: field.alias or name for name, field in route.query.model_fields.items()}
    asked = {**_WHOLE.get(listed.name, {}), **query}
    sent = {spelled.get(name, name): value for name, value in asked.items()}
    return ground.send(route, Request(query=urlencode(sent)), token=reader(ground, route))


def reader(ground: Ground, route: AnyRoute) -> str | None:
    """Return the token of a caller who may read the whole list."""
    if route.guard is not None and route.guard.portal is Portal.CAMPUS:
        return ground.access(Portal.CAMPUS, role=CampusRole.ADMIN)
    return ground.token(route)


def ids(ground: Ground, listed: AnyList, **query: Any) -> list[str]:
    """Return the ids that the pages of a query show, one after the other."""
    found: list[str] = []
    more: dict[str, Any] = {"page_size": 7, **query}
    for _ in range(100):
        answer = ask(ground, listed, **more)
        assert answer.status == 200, answer.text
        found += [entry[listed.id_name] if listed.id_name in entry else entry["id"] for entry in answer.json["results"]]
        if answer.json["next"] is None:
            assert len(found) == len(set(found)), "an item is shown twice"
            return found
        more["cursor"] = answer.json["next"]
    raise AssertionError("the list does not end")


def expected(listed: AnyList, fits: Callable[[Any], bool], *, ordering: str = "") -> list[str]:
    """Return the ids of the items that fit, in order."""
    wish = ordering or listed.usual_ordering
    order = listed.orderings[wish.lstrip("-")]
    found = [(order.text(order.of(item)), listed.id_of(item)) for item in items_of(listed) if fits(item)]
    return [each for _, each in sorted(found, reverse=wish.startswith("-"))]


def test_every_declared_list_has_one_route_and_one_name() -> None:
    # The check-in log reads the list of events, too.
    names = {listed.name for listed in LISTS}
    assert names - UNSHOWN - {"events"} <= set(ROUTE_OF) <= names - UNSHOWN
    assert len({listed.name for listed in LISTS}) == len(LISTS)


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_every_ordering_shows_all_items_in_order(filled: Ground, listed: AnyList) -> None:
    assert len(items_of(listed)) >= 2, "the ground has no rows of this list: see ROWS in tests/contract"
    for ordering in ("", *listed.orderings_allowed):
        query = {"ordering": ordering} if ordering else {}
        assert ids(filled, listed, **query) == expected(listed, lambda _: True, ordering=ordering), ordering


def _shown(route: AnyRoute) -> dict[str, Any]:
    """Return the fields of the rows of a route."""
    assert route.reply is not None
    (row,) = get_args(route.reply.model_fields["results"].annotation)
    inner = next((part for part in get_args(row) if hasattr(part, "model_fields")), row)
    if issubclass(inner, RootModel):
        inner = next(part for part in get_args(inner.model_fields["root"].annotation) if "id" in part.model_fields)
    fields: dict[str, Any] = inner.model_fields
    return fields


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_an_ordering_and_its_range_take_the_name_of_the_field_in_the_rows(filled: Ground, listed: AnyList) -> None:
    shown = _shown(ROUTE_OF[listed.name])
    for name, order in listed.orderings.items():
        field = order.shown_as or name
        assert field in shown
        assert ids(filled, listed, ordering=f"-{field}") == ids(filled, listed, ordering=f"-{name}")
        if order.has_range:
            values: list[Any] = sorted(value for item in items_of(listed) if (value := order.of(item)) is not None)
            ends = [f"{each}_from" for each in (field, name)]
            found = [ids(filled, listed, **{end: _wire(values[len(values) // 2])}) for end in ends]
            assert found[0] == found[1] != []


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_every_filter_shows_the_items_with_its_value_and_no_others(filled: Ground, listed: AnyList) -> None:
    for name, each in listed.filters.items():
        values = sorted({value for item in items_of(listed) for value in each.values(item)})[:_TRIED]
        for value in values:

            def fits(item: Any) -> bool:
                return value in each.values(item)  # noqa: B023  # used here

            wanted = expected(listed, fits)
            assert ids(filled, listed, **{name: value}) == wanted, (name, value)
        absent = _absent(each.a, values)
        if absent is not None:
            assert ids(filled, listed, **{name: absent}) == [], (name, absent)


def _absent(kind: Any, values: Sequence[str]) -> str | None:
    """Return a value of a filter that no item has, or None if it has no other."""
    if kind is str:
        return "nowhere"
    words = ["true", "false"] if kind is bool else [str(word) for word in kind]
    return next((word for word in words if word not in values), None)


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_two_filters_and_a_range_act_together(filled: Ground, listed: AnyList) -> None:
    for (one, first), (two, second) in itertools.combinations(listed.filters.items(), 2):
        for item in items_of(listed)[:3]:
            if not (first.values(item) and second.values(item)):
                continue
            value, other = first.values(item)[0], second.values(item)[0]

            def fits(any_item: Any) -> bool:
                return value in first.values(any_item) and other in second.values(any_item)  # noqa: B023  # used here

            assert ids(filled, listed, **{one: value, two: other}) == expected(listed, fits), (one, two)


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_every_range_includes_its_ends_and_nothing_beyond(filled: Ground, listed: AnyList) -> None:
    for name, order in listed.orderings.items():
        values: list[Any] = sorted(value for item in items_of(listed) if (value := order.of(item)) is not None)
        if not order.has_range or not values:
            continue
        low, high = values[len(values) // 3], values[2 * len(values) // 3]
        sent = {f"{name}_from": _wire(low), f"{name}_to": _wire(high)}

        def fits(item: Any) -> bool:
            value: Any = order.of(item)  # noqa: B023  # used here
            return value is not None and low <= value <= high  # noqa: B023

        for ordering in listed.orderings_allowed:
            assert ids(filled, listed, ordering=ordering, **sent) == expected(listed, fits, ordering=ordering), sent


def _wire(value: datetime | date | int | Decimal) -> str:
    return clock.to_text(value) if isinstance(value, datetime) else str(value)


def has_search(listed: AnyList) -> bool:
    query = ROUTE_OF[listed.name].query
    return query is not None and "search" in query.model_fields


@pytest.mark.parametrize("listed", [each for each in ROUTED if has_search(each)], ids=_named)
def test_a_search_finds_each_item_by_the_beginning_of_any_of_its_words(filled: Ground, listed: AnyList) -> None:
    for item in items_of(listed)[:3]:
        words = [word for text in listed.texts_of(item) for word in text.split()]
        assert words, "a list with a search has words to find"
        for typed in {word[:length] for word in words for length in (3, len(word))}:

            def fits(any_item: Any) -> bool:
                return entries.is_found(listed.texts_of(any_item), typed)  # noqa: B023  # used here

            found = ids(filled, listed, search=typed)
            assert found == expected(listed, fits), typed
            assert listed.id_of(item) in found
    assert ids(filled, listed, search="zzqqxx") == []


def _problem(answer: Answer) -> dict[str, str]:
    """Return the first problem of a refusal; campus has them beside the message."""
    found: list[dict[str, str]] = answer.json.get("details") or answer.json["error"]["details"]
    return found[0]


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_what_a_list_does_not_know_is_400_and_names_what_it_takes(filled: Ground, listed: AnyList) -> None:
    unknown = ask(filled, listed, shoe_size="44")
    assert unknown.status == 400
    message = _problem(unknown)["message"]
    assert all(name in message for name in (*listed.filters, "ordering", "cursor"))
    assert ("search" in message) == has_search(listed)
    ordering = ask(filled, listed, ordering="shoe_size")
    assert ordering.status == 400
    assert listed.usual_ordering in _problem(ordering)["message"]
    for name, each in listed.filters.items():
        if each.a is bool or issubclass(each.a, StrEnum):
            wrong = ask(filled, listed, **{name: "shoe_size"})
            assert (wrong.status, _problem(wrong)["field"]) == (400, name)


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_a_cursor_of_another_query_or_list_is_400(filled: Ground, listed: AnyList) -> None:
    cursors = {other.name: ask(filled, other, page_size=1).json["next"] for other in ROUTED}
    assert cursors[listed.name] is not None
    for name, cursor in cursors.items():
        if cursor is not None:
            answer = ask(filled, listed, page_size=1, cursor=cursor)
            assert answer.status == (200 if name == listed.name else 400), name
    ordering = next(each for each in listed.orderings_allowed if each != listed.usual_ordering)
    other = ask(filled, listed, page_size=1, cursor=cursors[listed.name], ordering=ordering)
    assert (other.status, other.code) == (400, "INVALID_CURSOR")


def _questions(listed: AnyList) -> Iterator[dict[str, Any]]:
    yield {}
    item = items_of(listed)[0]
    for name, each in listed.filters.items():
        for value in each.values(item)[:1]:
            yield {name: value}
    for ordering in listed.orderings_allowed:
        yield {"ordering": ordering}
    yield from ({"search": text[:1]} for text in listed.texts_of(item)[:1])


@pytest.mark.parametrize("listed", ROUTED, ids=_named)
def test_a_page_costs_at_most_four_requests(filled: Ground, listed: AnyList) -> None:
    ask(filled, listed)  # makes the caller's session
    for question in _questions(listed):
        # The guard caches lock-outs for seconds only. Without a cache each request reads those of staff, once.
        lock_outs.forget()
        with requests() as sent:
            assert ask(filled, listed, **question).status == 200
        reads = [name for name, *_ in sent if name in ("Query", "BatchGetItem", "GetItem")]
        # A list in four shards is the exception (D-SCALE-06): a query of each, the things and the names beside them.
        most = max(4, listed.shards_of(()) + 2) if listed.whole_shards else 4
        assert len(reads) <= most + 1, question


@pytest.mark.parametrize("path", ["/api/logs/system", "/api/logs/checkin"])
def test_an_export_takes_what_its_list_takes_to_select_and_to_order(path: str) -> None:
    routes = {route.path: route for route in ROUTES if route.method == "GET"}
    (listed, exported) = (routes[each].query for each in (path, f"{path}/export"))
    assert listed is not None
    assert exported is not None
    assert set(listed.model_fields) - set(exported.model_fields) <= {"page_size", "cursor", "verify"}
