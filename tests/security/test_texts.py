"""Every text, number, boolean and time of every request body: hygiene and strict types, read from the schemas."""

import copy
import itertools
import json
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, BeforeValidator, StringConstraints, TypeAdapter, ValidationError

from chalicelib.portals.http.route import AnyRoute
from chalicelib.schemas.records import FaultyRecord, SentRecord
from chalicelib.schemas.texts import LINES, ONE_LINE, Name, Written
from tests.contract.ground import Ground, label, routes
from tests.contract.request import Request
from tests.support.client import Answer

# Strings that no person writes for another to read, each with its reason. Those with a pattern of ASCII characters
# need no entry.
MACHINE_STRINGS = {
    "access_token": "a token",
    "action": "compared with known words",
    "assertion": "a signed token",
    "boot_id": "an id, compared",
    "card_id": "a card's id or UID, parsed",
    "cards": "UIDs, each parsed by the job",
    "card_uid": "a card's UID, parsed",
    "challenge_id": "an id",
    "code": "an enrolment code, compared by hash",
    "csv": "UIDs, each parsed by the job",
    "confirm": "compared with the organization's name",
    "image_key": "the key of an upload, compared",
    "invite_code": "compared by hash",
    "last_error": "an exception of a reader; a heartbeat is not refused for its characters",
    "password": "hashed; NFC is applied there",
    "offline.reason": "compared with known words",
    "old_password": "hashed, compared",
    "new_password": "hashed; NFC is applied there",
    "payment_token": "the provider's token",
    "photo_key": "the key of an upload, compared",
    "public_key": "a key in base64url, parsed",
    "qr": "what a scanner reads, parsed and verified",
    "refresh": "a token",
    "snapshot_cursor": "a sealed cursor, opened; a tap is not lost for its characters",
    "to_uid": "a card's UID, parsed",
    "uid": "a card's UID, parsed",
    # Log-in names are compared with what was registered.
    "email": "a log-in name, compared",
    # Parsed, and stored in a form of their own.
    "iban": "an IBAN, parsed",
    "mobile_number": "a phone number, parsed",
    "contact_mobile": "a phone number, parsed",
    "new_mobile": "a phone number, parsed",
    # Of campus attendance.
    "content_type": "compared with known media types",
    "device_key": "a random key of the client, hashed",
    "qr_token": "what a scanner reads, parsed and verified",
    "selfie_image": "a picture as a data URL, decoded",
    "signature": "a picture as a data URL or the path of a drawing, parsed",
    "uploaded": "the key of an upload, compared",
}
# The same of one route only, since others store what they get under the name.
MACHINE_STRINGS_OF = {
    "POST /api/campus/auth/login username": "a log-in name, compared",
    "POST /api/campus/events/{event_id}/attendance student_id": "an id, a number or an address of a student, looked up",
}
# The field whose parts are of any type: its texts are checked one by one, wherever they are.
JSON_FIELDS = {"extra"}
_REFUSED = {
    "U+0000": "a\x00b",
    "U+0007": "a\x07b",
    "U+001B": "a\x1b[31mb",
    "U+0085": "a\x85b",
    "U+00AD": "a\u00adb",
    "U+200B": "a\u200bb",
    "U+200D": "a\u200db",
    "U+200F": "a\u200fb",
    "U+202E": "a\u202eb",
    "U+2028": "a\u2028b",
    "U+2066": "a\u2066b",
    "U+FEFF": "a\ufeffb",
    "U+FFF9": "a\ufff9b",
    "U+E000": "a\ue000b",
    "U+0378": "a\u0378b",
    "U+FFFF": "a\uffffb",
    "U+E0041": "a\U000e0041b",
}
_INVISIBLE = ("\u3164", "\u115f\u1160", "\u2800", "\ufe0f", "\u0301")


@dataclass(frozen=True)
class Leaf:
    """A place in a request body: the steps to it, its type, and the metadata of that type."""

    route: AnyRoute
    steps: tuple[str | int, ...]
    type: Any
    metadata: tuple[Any, ...]

    @property
    def name(self) -> str:
        return next(str(step) for step in reversed(self.steps) if isinstance(step, str))


def _leaves(
    route: AnyRoute, annotation: Any, metadata: tuple[Any, ...], steps: tuple[str | int, ...]
) -> Iterator[Leaf]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    for model in _other_forms(metadata):
        yield from _fields(route, model, steps)
    if origin is typing.Annotated:
        yield from _leaves(route, arguments[0], (*metadata, *arguments[1:]), steps)
    elif origin in (typing.Union, types.UnionType):
        for part in arguments:
            yield from _leaves(route, part, metadata, steps)
    elif origin is list:
        yield from _leaves(route, arguments[0], (), (*steps, 0))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _fields(route, annotation, steps)
    elif annotation not in (type(None), FaultyRecord):
        yield Leaf(route, steps, datetime if annotation is AwareDatetime else annotation, metadata)


def _other_forms(metadata: tuple[Any, ...]) -> Iterator[type[BaseModel]]:
    """Go through the models that a validator makes into the field's own type, such as an address in parts."""
    accepted = [part.json_schema_input_type for part in metadata if isinstance(part, BeforeValidator)]
    for part in itertools.chain.from_iterable(map(typing.get_args, accepted)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part


def _fields(route: AnyRoute, model: type[BaseModel], steps: tuple[str | int, ...]) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        yield from _leaves(route, field.annotation, tuple(field.metadata), (*steps, field.alias or name))


@lru_cache(maxsize=1)
def _all() -> list[Leaf]:
    return [leaf for route in routes() if route.body for leaf in _leaves(route, route.body, (), ())]


def _is_marked(leaf: Leaf) -> bool:
    return any(isinstance(part, Written) for part in leaf.metadata)


def _pattern(leaf: Leaf) -> str | None:
    return next(
        (str(part.pattern) for part in leaf.metadata if isinstance(part, StringConstraints) and part.pattern), None
    )


def _texts() -> list[Leaf]:
    return [leaf for leaf in _all() if leaf.type is str and _is_marked(leaf)]


def _named(leaf: Leaf) -> str:
    return f"{label(leaf.route)} {'.'.join(map(str, leaf.steps))}"


def _with(body: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """Return a body with one place set; what leads there is made where the right body lacks it."""
    if not steps:
        return value
    first, rest = steps[0], steps[1:]
    if isinstance(first, int):
        inside = body[0] if isinstance(body, list) and body else {}
        return [_with(inside, rest, value)]
    whole = copy.deepcopy(body) if isinstance(body, dict) else {}
    whole[first] = _with(whole.get(first), rest, value)
    return whole


def _right(ground: Ground, route: AnyRoute) -> tuple[Request, str | None]:
    """Return a right request and its caller's token, made once: what is refused spends neither."""
    if (ground.customer.account_id, route.operation_id) not in _made:
        _made[ground.customer.account_id, route.operation_id] = ground.rightful(route), ground.token(route)
    return _made[ground.customer.account_id, route.operation_id]


_made: dict[tuple[str, str], tuple[Request, str | None]] = {}


def _problems(ground: Ground, leaf: Leaf, value: Any) -> tuple[int, str]:
    """Send a right body with one wrong value; return the status and what is said of its field."""
    right, token = _right(ground, leaf.route)
    body = _with(right.body, leaf.steps, value)
    sent = Request(body, right.path, right.query, right.headers)
    answer = ground.send(leaf.route, sent, token=token)
    if any(isinstance(step, int) for step in leaf.steps) and _keeps_faults(leaf.route):
        return _fault_of_record(answer, leaf)
    error = answer.json.get("error", {}) if answer.text else {}
    details = (error.get("details") if isinstance(error, dict) else answer.json.get("details")) or []
    field = ".".join(map(str, leaf.steps))
    return answer.status, "; ".join(problem["message"] for problem in details if problem["field"] == field)


def _keeps_faults(route: AnyRoute) -> bool:
    """Whether a faulty record of a batch is rejected by its own verdict, so that the others are taken."""
    fields = route.body.model_fields if route.body else {}
    return any(SentRecord in typing.get_args(field.annotation) for field in fields.values())


def _fault_of_record(answer: Answer, leaf: Leaf) -> tuple[int, str]:
    """Return 400 for a record that was rejected for its form, and what its verdict says of a field of it."""
    assert answer.status == leaf.route.status, answer.text
    [verdict] = answer.json["results"]
    if verdict["status"] != "rejected" or verdict["error"]["code"] != "VALIDATION_ERROR":
        return answer.status, ""
    field = ".".join(map(str, leaf.steps[2:]))
    said = [
        part.removeprefix(f"{field} ") for part in verdict["error"]["message"].split("; ") if part.startswith(field)
    ]
    return 400, "; ".join(said)


def test_every_text_of_a_request_is_checked_or_a_machine_string_with_a_reason() -> None:
    unchecked = {
        _named(leaf)
        for leaf in _all()
        if leaf.type is str
        and not _is_marked(leaf)
        and ("[^" in (_pattern(leaf) or "[^"))
        and not {leaf.name, ".".join(map(str, leaf.steps[-2:]))} & (MACHINE_STRINGS.keys() | JSON_FIELDS)
    }
    assert unchecked == MACHINE_STRINGS_OF.keys()


def test_every_field_has_a_type_that_these_tests_know() -> None:
    known = (str, int, float, bool, date, datetime)
    others = {
        _named(leaf)
        for leaf in _all()
        if leaf.type not in known
        and typing.get_origin(leaf.type) is not Literal
        and not (isinstance(leaf.type, type) and issubclass(leaf.type, Enum))
        and leaf.name not in JSON_FIELDS
    }
    assert others == set()


@pytest.mark.parametrize("leaf", _texts(), ids=_named)
def test_a_character_that_nobody_sees_is_400_with_its_name_in_every_text(ground: Ground, leaf: Leaf) -> None:
    address = {"email": "{}@example.com"}.get(leaf.name, "https://example.com/{}" if "url" in leaf.name else "{}")
    for code, text in _REFUSED.items():
        status, message = _problems(ground, leaf, address.format(text))
        assert status == 400, (code, status)
        # The patterns of addresses and URLs refuse white space themselves.
        assert code in message or (code in ("U+0085", "U+2028") and _pattern(leaf)), (code, message)


@pytest.mark.parametrize("leaf", [leaf for leaf in _texts() if not _pattern(leaf)], ids=_named)
def test_a_text_with_nothing_visible_in_it_is_400(ground: Ground, leaf: Leaf) -> None:
    assert {_problems(ground, leaf, text) for text in _INVISIBLE} == {(400, "must have something visible in it")}


@pytest.mark.parametrize("leaf", [leaf for leaf in _texts() if ONE_LINE in leaf.metadata], ids=_named)
def test_a_name_has_one_line(ground: Ground, leaf: Leaf) -> None:
    assert _problems(ground, leaf, "two\nlines")[0] == 400


# What each type refuses, though a laxer reader would accept it.
# Degrees are numbers in JSON, and stored as text; any `password` of a user only asks for a link.
OF_TWO_KINDS = {
    ("POST /api/venues latitude", int),
    ("POST /api/venues longitude", int),
    ("PUT /api/venues/{venue_id} latitude", int),
    ("PUT /api/venues/{venue_id} longitude", int),
    ("PUT /api/users/{user_id} password", bool),
    # A year of study: forms send its number, or its name.
    ("POST /api/campus/auth/register year_level", int),
    ("PUT /api/campus/auth/profile/update year_level", int),
    ("PUT /api/campus/users/{user_id} year_level", int),
    ("POST /api/campus/events expected.year_level", int),
    ("PUT /api/campus/events/{event_id}/update expected.year_level", int),
    ("POST /api/campus/events/bulk-create events.0.expected.year_level", int),
    # A share of the profit, as other percentages are sent.
    ("PUT /api/finances/profit-share shares.0.percent", int),
}
_WRONG_KINDS: dict[Any, tuple[Any, ...]] = {
    int: ("12", True, 1.5, "1", [1]),
    float: ("12", True),
    bool: (1, 0, "true", "false", "on", 1.0),
    date: (0, 1700000000, "1700000000", "20261120", "2026-1-2", "2026-11-20T00:00:00Z", "2026-11-20T00:00:00", True),
    datetime: (
        0,
        1700000000,
        "1700000000",
        1700000000.5,
        "2026-11-20",
        "2026-11-20T19:00Z",
        "2026-11-20 19:00:00Z",
        "2026-11-20T19:00:00",
        "20261120T190000Z",
        "2026-W47-5T19:00:00Z",
        "2026-11-20T19:00:00+05:60",
        "2026-11-20T24:00:00Z",
        True,
    ),
    str: (12, True, ["a"]),
}


@pytest.mark.parametrize("leaf", [leaf for leaf in _all() if leaf.type in _WRONG_KINDS], ids=_named)
def test_a_value_of_the_wrong_kind_is_400(ground: Ground, leaf: Leaf) -> None:
    siblings = [other.type for other in _all() if other.route is leaf.route and other.steps == leaf.steps]
    for value in _WRONG_KINDS[leaf.type]:
        # `extra` takes any JSON; a field of two kinds accepts those of its other kind.
        if type(value) in siblings or (isinstance(value, float) and float in siblings) or leaf.name in JSON_FIELDS:
            continue
        if (_named(leaf), type(value)) in OF_TWO_KINDS:
            continue
        status, message = _problems(ground, leaf, value)
        assert status == 400, (value, status)
        assert message, value


def test_a_birth_date_before_1970_is_taken(ground: Ground) -> None:
    births = [leaf for leaf in _all() if leaf.name == "date_of_birth"]
    for leaf in births:
        right = ground.rightful(leaf.route)
        body = _with(right.body, leaf.steps, "1931-05-17")
        answer = ground.send(leaf.route, Request(body, right.path), token=ground.token(leaf.route))

        assert answer.status in (leaf.route.status, *leaf.route.also), (_named(leaf), answer.text)
    assert len(births) >= 3


_name = TypeAdapter(Name)


@pytest.mark.parametrize(
    "text",
    [
        "Zo\u00eb \u00d6zt\u00fcrk-O'Neill",
        "\u0645\u062d\u0645\u062f \u0639\u0644\u06cc",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a zero width non-joiner
        "\u0915\u094d\u200d\u0937",  # Hindi, with a zero width joiner
        "\u09b0\u200d\u09cd\u09af\u09be\u09b2\u09bf",  # Bengali, with a joiner before the virama
        "\u0d2e\u0d4b\u0d39\u0d28\u0d4d\u200d \u0d32\u0d3e\u0d32\u0d4d\u200d",  # Malayalam, at ends of words
        "\u06f2\u06f0\u200c\u0633\u0627\u0644\u0647",  # Persian, with a non-joiner after a digit
        "\u5f20\u4f1f",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001fae8 of Unicode 15",
    ],
)
def test_a_name_of_any_script_is_kept_as_it_is(text: str) -> None:
    assert _name.validate_python(text) == text


def test_a_text_is_stored_in_nfc() -> None:
    assert _name.validate_python("Zoe\u0308") == "Zo\u00eb"


def test_a_message_keeps_its_lines_and_a_name_has_none() -> None:
    assert LINES.checked("one\r\ntwo\n\tthree") == "one\ntwo\n\tthree"
    with pytest.raises(ValidationError, match="U\\+000A"):
        _name.validate_python("one\ntwo")


def test_a_text_inside_a_tickets_extra_is_checked_too(ground: Ground) -> None:
    route = next(route for route in routes() if route.operation_id == "tix_generate_tickets")
    for extra in ("a\u202eb", {"seat": "a\u202eb"}, {"a\u202eb": 1}, {"seats": [{"row": "a\u202eb"}]}):
        right = ground.rightful(route)
        answer = ground.send(route, Request({**(right.body or {}), "extra": extra}), token=ground.token(route))

        assert answer.status == 400, extra
        assert "U+202E" in json.dumps(answer.json)
