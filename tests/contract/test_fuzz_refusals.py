"""What the OpenAPI document allows and a route refuses: each such refusal has one of the reasons that are named here.

A document cannot say all that a route asks for. What it could say, it must: a refusal for another reason fails here.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import Case, GenerationMode

from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from tests.contract.generated import Callers, as_nasty, described, forbidden, send
from tests.contract.ground import Ground, routes
from tests.support import fault_days
from tests.support.client import Answer

_IS_FULL = int(os.environ.get("FUZZ_REQUESTS", "500")) >= 2000
_SEED = int(os.environ.get("FUZZ_SEED", "20261120"))
_CASES = 12 if _IS_FULL else 2
_DAYS = 8
# Why a schema cannot say it, and the messages of such refusals.
_REASONS = {
    "scanners and hands spell it in many ways; what is read from the spelling is checked": (
        r"must consist of|must be at least \d+ characters?$|must not be empty|digits of the code|phone number"
        r"|UID in hex|hexadecimal digits|recovery code|beginning of a UID"
    ),
    "which characters there are is Unicode's tables, which a pattern cannot hold": (
        r"must not contain the character U\+|must have something visible in it|must be at most \d+ characters?$"
    ),
    "12.0 is an integer to JSON Schema; the contract asks for the spelling 12": r"must be a whole number",
    "a moment beside the first or the last year, or a day that no calendar has": (
        r"must lie between the years|must be a date|must be a time with its offset|must be a day of the calendar"
    ),
    "it depends on today, on another field, or on how many fields were sent": (
        r"must be in the future|must not lie in the future|must be after|must not be before|must be before (?!\d)"
        r"|is needed (to|with)|is required (for|where|to)|send (exactly )?one of|send .+, or |^name |^say |must sum to"
        r"|needs `\w+`|is required(, or| with)|is missing; or|goes with|must not be (less|after)|needs (sms|a letter)"
        r"|must name at least one|would change nothing|cannot be cleared|narrows the list; a file has every line"
        r"|this list has \w+ only|goes to \d+; use the cursor|^only a count has"
    ),
    "it has check digits, or is a key, a picture or a document in itself": (
        r"IBAN|Ed25519|base64|must be an https address of an origin|key of an upload|SVG|not a picture|data URL|PNG"
    ),
    "decimals of a number have no bound in JSON Schema": r"at most \w+ decimals",
    "the policy of passwords is by account": r"must have 12 to 256 characters",
    "what is stored or installed decides": (
        r"^is no |is not a known campus|must be the name of the organization|must be the name of a time zone"
    ),
}
# What is refused by a code of its own: a cursor or a code that nobody issued, or a key that served another request.
_CODES = {"INVALID_CURSOR", "OTP_INVALID", "IDEMPOTENCY_MISMATCH", "WEAK_PASSWORD", "QR_INVALID", "QR_REQUIRED"}
ROUTES = [route for route in routes() if route.body or route.query]


def test_what_the_document_allows_is_refused_for_a_reason_that_it_cannot_say(ground: Ground) -> None:
    share = ROUTES if _IS_FULL else ROUTES[fault_days.today() % _DAYS :: _DAYS]
    found = [each for route in share for each in _unexplained(route, ground)]
    assert not found, "\n".join(found)


def _unexplained(route: AnyRoute, ground: Ground) -> list[str]:
    found: list[str] = []
    callers = Callers(ground)

    @seeded(_SEED)
    @settings(
        max_examples=_CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(described()[openapi.spelled(route)][route.method].as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: Case[Any]) -> None:
        answer, _ = send(as_nasty(case, route, callers.rightful(route)), ground, callers)
        if answer.status == 400 and not forbidden(case, route):
            sent = case.body if route.body else case.query
            found.extend(f"{route.operation_id}: {what} for {str(sent)[:300]!r}" for what in _refusals(answer))

    ask()
    return found


def _refusals(answer: Answer) -> Iterator[str]:
    """Yield what an answer refuses for none of the reasons. The campus has an envelope of its own."""
    error = answer.json["error"] if isinstance(answer.json["error"], dict) else answer.json
    if error["code"] in _CODES:
        return
    for detail in error.get("details") or [{"field": "", "message": error["message"]}]:
        for message in str(detail["message"]).split(", or: "):
            if not any(re.search(reason, message) for reason in _REASONS.values()):
                yield f"{detail['field']} {message}"
