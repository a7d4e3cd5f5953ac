"""Path variables: the type of each, and the one place that decodes and checks them.

API Gateway passes a variable as it was sent. Each value is percent-decoded exactly once, as UTF-8.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from msgspec import Struct
from pydantic import TypeAdapter, ValidationError

from chalicelib import scanned_text
from chalicelib.errors import NotFound, Refusal, ValidationFailed
from chalicelib.identifiers import parse_uid, uid_of_card_id
from chalicelib.portals.http.paths import portal_of
from chalicelib.schemas.wire import Phone
from chalicelib.vocabulary.access import Portal

_VARIABLE = re.compile(r"{(\w+)}")
# The longest value, decoded; and where scanners send it, in a URL and percent-encoded. UTF-8 has at most four bytes a
# character, and each takes three characters as it is sent.
LONGEST, LONGEST_SCANNED = 64, 512
_SENT = 3 * 4
_TICKET = re.compile(r"[A-Z0-9-]{1,20}-[0-9]{6,10}|tkt_[0-9A-Z]{26}")


class Variable(Struct, frozen=True):
    """The type of a path variable.

    `read` returns the value as the domain knows it, or None where the text cannot be one. `problem` is the sentence of
    the field where such a text is a 400; without one it is a 404, which `hint` may say more of.
    """

    read: Callable[[str], str | None]
    pattern: str | None = None
    problem: str | None = None
    longest: int = LONGEST
    hint: str | None = None

    @property
    def refusal(self) -> type[Refusal]:
        """How a text that cannot be a value is refused."""
        return ValidationFailed if self.problem else NotFound


def _id(prefix: str) -> Variable:
    pattern = re.compile(rf"^{prefix}_[0-9A-Za-z_-]{{1,60}}$")

    def read(text: str) -> str | None:
        name = scanned_text.identifier(text) if _is_decoded(text) else ""
        # `fullmatch`, since `$` also matches before a line end.
        return name if pattern.fullmatch(name) else None

    return Variable(read, pattern.pattern)


def _is_decoded(text: str) -> bool:
    """Whether nothing is left to decode: no id and no UID has a percent sign, and each is decoded once."""
    return "%" not in text


def _card(text: str) -> str | None:
    # Between its bytes a UID may have the slash that a scanner of another layout types; at its end it is of a path.
    if not _is_decoded(text) or text.endswith("/"):
        return None
    name = scanned_text.card_name(text)
    return name if uid_of_card_id(name) else parse_uid(name)


def _numbered_ticket(text: str) -> str | None:
    name = scanned_text.numbered_ticket(text)
    return name if _TICKET.fullmatch(name) else None


@lru_cache(maxsize=1)
def _phone() -> TypeAdapter[str]:
    return TypeAdapter(Phone)


def _number(text: str) -> str | None:
    try:
        return _phone().validate_python(text)
    except ValidationError:
        return None


_KINDS: Mapping[str, Variable] = {
    "event_id": _id("evt"),
    "ticket_id": _id("tkt"),
    "booking_id": _id("ord"),
    "job_id": _id("job"),
    "batch_id": _id("bat"),
    "log_id": _id("log"),
    # A reader agent or a phone.
    "device_id": _id("(?:dev|phn)"),
    "user_id": _id("usr"),
    "attendance_id": _id("att"),
    "report_id": _id("rep"),
    "venue_id": _id("ven"),
    "customer_id": _id("cus"),
    "dependent_id": _id("dpd"),
    "payment_id": _id("pay"),
    "payout_id": _id("pto"),
    "session_id": _id("ses"),
    "expense_id": _id("exp"),
    "dispute_id": _id("dsp"),
    "incident_id": _id("inc"),
    # Of an edit, a refund or a card: each has a prefix of its own.
    "request_id": _id("[a-z]{3}"),
    "card_id": Variable(_card, longest=LONGEST_SCANNED),
    "mobile": Variable(_number, problem="must be the number of a mobile phone, such as 03001000003 or +923001000003"),
}
# Where a portal's page says otherwise.
_KINDS_OF_PORTALS: Mapping[tuple[str, str], Variable] = {
    (Portal.USHER, "card_id"): Variable(
        _card, problem="must be a card's id or its UID in hex (4, 7, 8 or 10 bytes)", longest=LONGEST_SCANNED
    ),
    (Portal.CAMPUS, "event_id"): _id("cev"),
    (Portal.ADMIN, "user_id"): _id("(?:org|mer|ush|adm)"),
    (Portal.TIX, "ticket_id"): Variable(
        _numbered_ticket,
        longest=LONGEST_SCANNED,
        hint="There is no such ticket. Type its number as printed, such as VIP-000001.",
    ),
}


@lru_cache(maxsize=1_024)
def of_path(path: str) -> Mapping[str, Variable]:
    """Return the variables of a route's path. Raises KeyError for one without a type."""
    portal = portal_of(path)
    names = _VARIABLE.findall(path)
    return {name: _KINDS_OF_PORTALS.get((portal, name)) or _KINDS[name] for name in names}


def parse(kinds: Mapping[str, Variable], sent: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a request's path variables. Raises NotFound, or ValidationFailed where a page says so."""
    return {name: _read(name, kind, sent[name]) for name, kind in kinds.items()}


def _read(name: str, kind: Variable, sent: str) -> str:
    text = _decoded(sent, kind.longest)
    value = kind.read(text) if text is not None else None
    if value is not None:
        return value
    if kind.problem:
        raise ValidationFailed(details=[{"field": name, "message": kind.problem}])
    raise NotFound(kind.hint)


def _decoded(sent: str, longest: int) -> str | None:
    """Return a value percent-decoded once, or None where it is too long or no UTF-8."""
    if len(sent) > _SENT * longest:
        return None
    try:
        text = unquote_to_bytes(sent).decode()
    except UnicodeError:
        return None
    return text if len(text) <= longest else None
