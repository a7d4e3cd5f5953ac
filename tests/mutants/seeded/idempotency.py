"""Bugs of idempotency: an effect that occurs twice, and an answer of another request."""

from tests.mutants.seeded.mutant import Mutant

_FILE = "chalicelib/domain/idempotency.py"
_BOOKING = "tests/portals/webapp/test_booking.py"
_DOORS = "tests/contract/test_idempotency.py"
_KEYS = "tests/domain/test_idempotency_keys.py"

MUTANTS = (
    Mutant(
        name="once-condition-dropped",
        bug="an operation whose answer was forgotten is done again",
        file=_FILE,
        before="operations.put(done, Operation.pk.does_not_exist())",
        after="operations.put(done)",
        tests=(f"{_DOORS}::test_the_effect_stays_one_after_the_answer_was_forgotten",),
    ),
    Mutant(
        name="fingerprint-not-compared",
        bug="another request under a known key is given the first one's answer",
        file=_FILE,
        before="        if found.fingerprint != fingerprint:\n            raise IdempotencyMismatch from failure\n",
        after="",
        tests=(f"{_BOOKING}::test_the_same_key_gets_the_first_booking_again_and_another_body_none",),
    ),
    Mutant(
        name="claim-condition-dropped",
        bug="the same key's second request is done while the first is running",
        file=_FILE,
        before="operations.put(record, free | abandoned)",
        after="operations.put(record)",
        tests=(f"{_BOOKING}::test_while_the_first_is_running_its_key_waits",),
    ),
    Mutant(
        name="abandoned-key-taken-by-another-body",
        bug="where the first try died, another request takes its key over",
        file=_FILE,
        before="        & (IdempotencyRecord.fingerprint == fingerprint)\n    )\n    try:",
        after="    )\n    try:",
        tests=(f"{_KEYS}::test_the_key_of_a_try_that_died_goes_on_with_the_same_body_only",),
    ),
    Mutant(
        name="key-of-all-callers",
        bug="a customer who uses another's key is given that customer's answer",
        file=_FILE,
        before="keys.idempotency.answer(_mac(caller_id, route, key))",
        after="keys.idempotency.answer(_mac(route, key))",
        tests=(f"{_DOORS}::test_a_key_belongs_to_its_caller_and_route",),
    ),
    Mutant(
        name="operation-of-all-callers",
        bug="a customer who uses another's key is given what that customer's request made",
        file=_FILE,
        before='"\\x00".join((caller_id, route, key)).encode()).hexdigest()[:40]',
        after='"\\x00".join((route, key)).encode()).hexdigest()[:40]',
        tests=(f"{_KEYS}::test_the_same_key_of_two_callers_or_routes_names_two_operations",),
    ),
)
