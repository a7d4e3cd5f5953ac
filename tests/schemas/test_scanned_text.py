"""Codes, ids and numbers as scanners send them and hands type them: one spelling of each is left."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_origin

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from ulid import ULID

from chalicelib import scanned_text
from chalicelib.domain.tickets import credentials
from chalicelib.identifiers import card_id_of
from chalicelib.portals.http.route import ROUTES
from chalicelib.schemas.wire import Scanned
from tests.support import scanned_forms as forms
from tests.support.scanned_forms import Form
from tests.vectors import scanned

SOME = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_MADE_AT = datetime(2026, 11, 21, tzinfo=UTC)
_DIGITS = "0123456789"
_TYPED = {**forms.AROUND, **forms.GROUPED}
_HEX = st.sampled_from((4, 7, 8, 10)).flatmap(
    lambda size: st.binary(min_size=size, max_size=size).map(lambda raw: raw.hex().upper())
)


def _of(alphabet: str, length: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length)


def _id(*prefixes: str) -> st.SearchStrategy[str]:
    ulids = st.integers(0, 2**128 - 1).map(lambda number: str(ULID.from_int(number)))
    return st.builds("{}_{}".format, st.sampled_from(prefixes), ulids)


def _pairs(text: str, between: str, before: str = "") -> str:
    return between.join(before + text[place : place + 2] for place in range(0, len(text), 2))


@dataclass(frozen=True)
class Kind:
    """A kind of text: what is canonical, and the forms in which it comes."""

    canonical: st.SearchStrategy[str]
    forms: Mapping[str, Form]


_OF_BYTES: dict[str, Form] = {
    **forms.IN_EITHER_CASE,
    **forms.HYPHENED,
    "colons": lambda text: _pairs(text, ":"),
    "0x before each byte": lambda text: _pairs(text, " ", "0x"),
}
_BY_HAND = (forms.GROUPED | forms.HYPHENED | _OF_BYTES).keys() - forms.IN_EITHER_CASE.keys()
KINDS: Mapping[Callable[[str], str], Kind] = {
    scanned_text.identifier: Kind(_id("tkt", "ord", "evt", "crd"), {**forms.CODES, **forms.GROUPED, **forms.KEYBOARDS}),
    scanned_text.card_name: Kind(
        _HEX | _HEX.map(lambda uid: card_id_of(uid, created_at=_MADE_AT)), {**forms.CODES, **forms.KEYBOARDS}
    ),
    scanned_text.numbered_ticket: Kind(
        st.builds("{}-{}".format, _of("ABCXYZ019-", 5), _of(_DIGITS, 6)) | _id("tkt"),
        {**forms.CODES, **forms.GROUPED, **forms.KEYBOARDS_OF_NUMBERS},
    ),
    scanned_text.enrolment_code: Kind(
        _of("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 12), {**forms.CODES, **forms.GROUPED, **forms.HYPHENED}
    ),
    scanned_text.invite_code: Kind(
        _of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 48), {**forms.CODES, **forms.GROUPED, **forms.HYPHENED}
    ),
    scanned_text.iban: Kind(
        st.builds("PK{}SCBL{}".format, _of(_DIGITS, 2), _of(_DIGITS, 16)),
        {**_TYPED, **forms.HYPHENED, **forms.IN_EITHER_CASE},
    ),
    scanned_text.one_time_code: Kind(_of(_DIGITS, 6) | _of(_DIGITS, 8), {**_TYPED, **forms.HYPHENED}),
    scanned_text.second_factor_code: Kind(
        _of(_DIGITS, 6) | _of("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 16),
        {**_TYPED, **forms.HYPHENED, **forms.IN_EITHER_CASE},
    ),
    scanned_text.hexadecimal: Kind(_HEX, {**_TYPED, **_OF_BYTES}),
    scanned_text.uid_search: Kind(_HEX, {**forms.CODES, **forms.KEYBOARDS}),
    scanned_text.prefix: Kind(_of("ABCXYZ019-", 6), {**forms.AROUND, **forms.IN_EITHER_CASE}),
    scanned_text.phone_number: Kind(_of(_DIGITS, 11).map("+{}".format), forms.AROUND),
}


def _two(given_forms: Mapping[str, Form]) -> Iterator[tuple[str, Form]]:
    """Yield every form, and every form of every form. Hands group a code first; a keyboard types all the others."""
    for (first, inner), (second, outer) in itertools.product(given_forms.items(), repeat=2):
        if first not in forms.KEYBOARDS and second not in _BY_HAND:
            yield f"{first}, then {second}", _after(inner, outer)


def _after(inner: Form, outer: Form) -> Form:
    return lambda text: outer(inner(text))


@pytest.mark.parametrize("read", KINDS, ids=lambda read: read.__name__)
def test_every_form_and_every_form_of_a_form_is_read_as_the_one_canonical_text(read: Callable[[str], str]) -> None:
    kind = KINDS[read]

    @SOME
    @given(text=kind.canonical)
    def each(text: str) -> None:
        wrong = {name: form(text) for name, form in _two(kind.forms) if read(form(text)) != text}
        assert wrong == {}

    each()


@pytest.mark.parametrize("read", KINDS, ids=lambda read: read.__name__)
def test_a_canonical_text_stays_so_two_different_ones_never_become_one(read: Callable[[str], str]) -> None:
    @settings(SOME, max_examples=200)
    @given(text=KINDS[read].canonical)
    def each(text: str) -> None:
        assert read(text) == text

    each()


@pytest.mark.parametrize("form", ["{} {}", "{}_{}", "{}/{}", "{}: {}", "#{}-{}", "{}-{}.", "{}-{},", "  {}  {}\r\n"])
def test_a_number_that_a_hand_copied_is_read_with_its_hyphen(form: str) -> None:
    @settings(SOME, max_examples=20)
    # `A- 000001` may be a number of `A` or of `A-`.
    @given(
        prefix=st.from_regex(r"[ABCXYZ019-]{0,19}[A-Z0-9]", fullmatch=True, alphabet="ABCXYZ019-"),
        number=_of(_DIGITS, 6) | _of(_DIGITS, 10),
    )
    def each(prefix: str, number: str) -> None:
        assert scanned_text.numbered_ticket(form.format(prefix, number).lower()) == f"{prefix}-{number}"

    each()


@settings(SOME, max_examples=200)
@given(text=st.text(max_size=80) | st.text("]Q1%2 https://?code=&\"'\0-_:AZaz09", max_size=80))
def test_any_other_text_is_read_without_a_fault_and_gets_no_longer(text: str) -> None:
    for read in KINDS:
        assert len(read(text)) <= 18 * len(text)  # the longest that NFKC makes of one character


def _scanned(annotation: Any, found: list[Scanned]) -> None:
    """Collect the marks of a type and of everything it is made of."""
    if isinstance(annotation, Scanned):
        found.append(annotation)
    elif get_origin(annotation) is Annotated:
        for part in get_args(annotation):
            _scanned(part, found)
    else:
        for part in get_args(annotation):
            _scanned(part, found)


def _fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any, Scanned]]:
    """Yield every field of a schema that scanners or hands fill, with its type and its mark."""
    for name, field in model.model_fields.items():
        marks: list[Scanned] = []
        for part in (field.annotation, *field.metadata):
            _scanned(part, marks)
        declared = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        yield from ((f"{path}{name}", declared, mark) for mark in marks)
        for part in (field.annotation, *get_args(field.annotation)):
            for inner in (part, *get_args(part)):
                if isinstance(inner, type) and issubclass(inner, BaseModel):
                    yield from _fields(inner, f"{path}{name}.")


_SCHEMAS = {model for route in ROUTES for model in (route.body, route.query) if model is not None}
_FIELDS = {
    f"{model.__module__.removeprefix('chalicelib.schemas.')} {model.__name__}.{path}": (declared, mark)
    for model in sorted(_SCHEMAS, key=lambda model: (model.__module__, model.__name__))
    for path, declared, mark in _fields(model)
}
# What a number and a bank account must be beside well spelled.
_REAL: Mapping[Callable[[str], str], str] = {
    scanned_text.phone_number: "+923001000003",
    scanned_text.iban: "PK36SCBL0000001123456702",
}


@pytest.mark.parametrize("name", _FIELDS)
def test_every_field_of_a_kind_takes_every_form_of_it(name: str) -> None:
    declared, mark = _FIELDS[name]
    kind, adapter = KINDS[mark.read], TypeAdapter(declared)

    @settings(SOME, max_examples=1)
    @given(text=kind.canonical)
    def each(text: str) -> None:
        text = _REAL.get(mark.read, text)
        right = next((known for known in (text, text + "12", text[:6]) if _takes(adapter, _as(declared, known))), text)
        read = {form: adapter.validate_python(_as(declared, made(right))) for form, made in kind.forms.items()}
        assert read == dict.fromkeys(kind.forms, _as(declared, right))

    each()


def _as(declared: Any, text: str) -> Any:
    """Return a text as a field of this type takes it: alone, or in a list."""
    parts = [declared]
    for part in parts:
        if get_origin(part) is list:
            return [text]
        parts += get_args(part) if get_origin(part) is not None else ()
    return text


def _takes(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_python(value)
    except ValueError:
        return False
    return True


def test_fields_of_ids_codes_numbers_and_accounts_are_marked() -> None:
    """A field that is named like one of a kind is of the kind, in every schema of every route."""
    wanted = {
        "otp": scanned_text.one_time_code,
        "totp": scanned_text.second_factor_code,
        "iban": scanned_text.iban,
        "mobile_number": scanned_text.phone_number,
        "contact_mobile": scanned_text.phone_number,
        "new_mobile": scanned_text.phone_number,
        "event_id": scanned_text.identifier,
        "ticket_id": scanned_text.identifier,
        "booking_id": scanned_text.identifier,
        "payment_id": scanned_text.identifier,
        "uid": scanned_text.card_name,
        "card_uid": scanned_text.card_name,
        "prefix": scanned_text.prefix,
        "ticket_prefix": scanned_text.prefix,
        "invite_code": scanned_text.invite_code,
    }
    marked = {model: {path for path, _, _ in _fields(model)} for model in _SCHEMAS}
    unmarked = [
        f"{model.__name__}.{field}"
        for model in _SCHEMAS
        for field in model.model_fields
        if field in wanted and field not in marked[model]
    ]
    named = {(name.rpartition(".")[2], mark.read) for name, (_, mark) in _FIELDS.items()}

    assert unmarked == []
    assert {(field, read) for field, read in named if field in wanted} <= set(wanted.items())


@pytest.mark.usefixtures("moto_cloud")
class TestTicketCodes:
    """The signed code of a ticket, in the text of a scanner."""

    FORMS: Mapping[str, Form] = {**forms.CODES, **forms.KEYBOARDS, "a label": lambda text: f"Ticket {text} thank you"}

    @settings(SOME, max_examples=1)
    @given(number=st.integers(0, 65535), ulid=_id("tkt"))
    def test_a_code_is_read_in_every_form_and_in_every_form_of_a_form(self, number: int, ulid: str) -> None:
        code = credentials.encode(ulid, event_id="evt_concert", credential=number)

        read = {name: credentials.decode(form(code)) for name, form in _two(self.FORMS)}

        assert [name for name, found in read.items() if found != credentials.decode(code)] == []
        assert credentials.decode(code) is not None

    @settings(SOME, max_examples=10)
    @given(ulid=_id("tkt"), place=st.integers(4, 146), character=st.sampled_from("0123456789ABCXYZ $%*+-./:"))
    def test_a_forged_code_is_good_in_no_form(self, ulid: str, place: int, character: str) -> None:
        code = credentials.encode(ulid, event_id="evt_concert", credential=1)
        forged = code[:place] + character + code[place + 1 :]

        good = [name for name, form in self.FORMS.items() if credentials.decode(form(forged)) is not None]

        assert good == [] or forged == code

    def test_two_codes_in_one_text_are_none_and_the_same_code_twice_is_one(self) -> None:
        first, second = (credentials.encode(f"tkt_{ULID()}", event_id="evt_concert", credential=1) for _ in range(2))

        assert credentials.decode(f"{first}\r\n{second}") is None
        assert credentials.decode(f"{first}\r\n{first}") == credentials.decode(first)


def test_the_vectors_are_what_their_generator_makes_and_the_platform_reads_each_as_it_says() -> None:
    assert scanned.FILE.read_text(encoding="utf-8") == scanned.written()
    wrong = []
    for case in json.loads(scanned.written())["cases"]:
        if case["kind"] == "ticket_code":
            found = scanned_text.occurrences(case["input"], beginning="GH1:", length=len(case["expected"]))
            is_right = case["expected"] in found
        else:
            is_right = getattr(scanned_text, case["kind"])(case["input"]) == case["expected"]
        if not is_right:
            wrong.append(case)
    assert wrong == []
