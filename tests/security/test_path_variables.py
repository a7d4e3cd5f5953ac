"""Every path variable of every route: what cannot be an id is 404, or 400 where its page says so, and never a fault."""

from urllib.parse import quote

import pytest

import app
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.portals.http import variables
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.schemas.examples import demo
from infra.local.proxy_event import Request as LocalRequest
from infra.local.proxy_event import proxy_event
from infra.local.routes import RouteTable, routes_of
from tests.contract.ground import Ground, label
from tests.contract.request import Request

_LENGTHS = (1, 65, 1024, 2048, 8000)
# As they are sent.
_TEXTS = {
    **{f"{length} letters": "a" * length for length in _LENGTHS},
    **{f"{length} letters after the prefix": "{prefix}" + "a" * length for length in _LENGTHS[1:]},
    "a NUL": "%00",
    "no UTF-8": "%ff",
    "half a character": "%C3",
    "a hash": "%23",
    "an id and a hash": "{id}%23EVENT",
    "a slash": "%2F",
    "an id and a slash": "{id}%2F",
    "an id and a line end": "{id}%0A%0A!",
    "umlauts": "%C3%A4%C3%B6%C3%BC",
    "umlauts, not encoded": "äöü",
    "an emoji": "%F0%9F%8E%AB",
    "an emoji, not encoded": "🎫",
    "a surrogate": "%ED%A0%80",
    "the folder above": "..",
    "the folder above, encoded": "%2E%2E",
    "an id, encoded twice": "%2565%2576%2574_demo",
    "a lone percent sign": "%",
}
_VARIABLES = [(route, name) for route in ROUTES for name in route.variables]
_SPELLED = pytest.mark.parametrize(
    ("route", "name"), [pytest.param(*pair, id=f"{label(pair[0])} {pair[1]}") for pair in _VARIABLES]
)


def _sent(ground: Ground, route: AnyRoute, name: str, text: str) -> tuple[int, str]:
    """Send a right request with one path variable replaced; return the status and what was answered."""
    right = ground.rightful(route)
    value = right.path[name]
    prefix = f"{value.partition('_')[0]}_"
    # As it is sent: `Ground.send` passes it on unchanged.
    path = {**right.path, name: text.replace("{id}", quote(value)).replace("{prefix}", prefix)}
    request = Request(right.body, path, right.query, right.headers, right.raw)
    answer = ground.send(route, request, token=ground.token(route))
    return answer.status, answer.code or ""


@_SPELLED
def test_what_cannot_be_an_id_is_404_or_400_in_the_envelope_of_every_route(
    ground: Ground, route: AnyRoute, name: str
) -> None:
    refusal = route.variables[name].refusal

    answers = {case: _sent(ground, route, name, text) for case, text in _TEXTS.items()}

    assert answers == dict.fromkeys(_TEXTS, (refusal.status, refusal.code))


def test_every_route_that_has_a_variable_is_tested() -> None:
    assert len(_VARIABLES) == sum(route.path.count("{") for route in ROUTES) > 0


def test_a_card_that_cannot_be_one_is_400_for_ushers_and_404_for_others() -> None:
    cards = [route for route, name in _VARIABLES if name == "card_id"]

    refusals = {route.portal: route.variables["card_id"].refusal for route in cards}

    assert refusals == {"usher": ValidationFailed, "webapp": NotFound, "admin": NotFound}


def test_a_path_variable_is_decoded_once() -> None:
    path = "/api/usher/scan/card/{card_id}"
    once, twice = quote(demo.CARD_UID[:2] + ":" + demo.CARD_UID[2:], safe=""), "04%253AA1B2C3D4E5F6"

    assert variables.parse(variables.of_path(path), {"card_id": once}) == {"card_id": demo.CARD_UID}
    with pytest.raises(ValidationFailed):
        variables.parse(variables.of_path(path), {"card_id": twice})


@pytest.mark.parametrize("sent", ["vip-000001", "%20VIP-000001%0D%0A", "%56IP-000001", "VIP-000001"])
def test_a_ticket_number_is_accepted_as_scanners_and_hands_give_it(sent: str) -> None:
    kinds = variables.of_path("/api/tix/tickets/{ticket_id}")

    assert variables.parse(kinds, {"ticket_id": sent}) == {"ticket_id": "VIP-000001"}


@pytest.mark.parametrize("sent", ["%00", "%2F", "..", "04%3AA1", "%C3%A4", "a" * 8000])
def test_the_local_front_passes_a_variable_on_as_it_was_sent_like_the_gateway(sent: str) -> None:
    path = f"/api/usher/scan/card/{sent}/"
    scope = {
        "method": "GET",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "http_version": "1.1",
    }
    match = RouteTable(routes_of(app.app)).find(path)

    assert match is not None
    event = proxy_event(LocalRequest(scope), match, b"", binary_types=frozenset())
    assert event["pathParameters"] == {"card_id": sent}


def test_an_id_in_a_path_is_taken_as_scanners_and_hands_send_it(ground: Ground) -> None:
    """Each variable of a GET gets its right value in other forms, and answers as to the value itself."""
    forms = ("%20{id}%0D%0A", "{id}%00%00", "%E2%80%8B{id}")
    wrong = []
    for route, name in _VARIABLES:
        if route.method != "GET":
            continue
        right = ground.rightful(route)
        for form in ("{id}", *forms):
            path = {**right.path, name: form.replace("{id}", quote(right.path[name]))}
            request = Request(right.body, path, right.query, right.headers, right.raw)
            status = ground.send(route, request, token=ground.token(route)).status
            if status != route.status:
                wrong.append((label(route), name, form, status))

    assert wrong == []
