"""Tries at one-time codes: each is counted before its code is compared, so that five are, however many come at once.

Who finds the tries used up waits for those that are being checked at that moment. If one of them spends the code, it
was used, and not guessed at too often (D-SEC-83).
"""

from contextlib import suppress

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access import limits, throttle
from chalicelib.errors import OtpExhausted, OtpInvalid, RateLimited
from chalicelib.observability import logger
from chalicelib.table import counters, keys, operations
from chalicelib.table.items import Challenge, Throttle
from chalicelib.table.operations import ConditionFailed
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import OtpPurpose

TRIES = limits.TRIES_OF_CODE.limit
# The longest pause between two looks at tries that are being checked.
_PAUSE_SECONDS = 0.1


class CodeTry(Struct, frozen=True):
    """A counted try at a code, with the counter whose `undecided` has its mark until the code has turned out wrong."""

    challenge: Challenge
    counter: Place[Challenge] | Place[Throttle]
    mark: str

    def failed(self) -> None:
        """Note that the code was wrong, so that nobody waits for this try.

        Its mark stays among those that were counted: a copy of the counting write may still arrive.
        """
        undecided = self.counter.item.undecided
        decided = operations.change(self.counter, [undecided.delete({self.mark})], undecided.contains(self.mark))
        with suppress(ConditionFailed):  # another code was sent, or the limits were cleared
            operations.record(decided)


def take(purpose: OtpPurpose, challenge_id: str, account_id: str | None) -> CodeTry:
    """Count a try and return it, with the challenge as it is after that. Challenges of other accounts are not counted.

    Raises OtpInvalid, OtpExhausted.
    """
    is_open = (Challenge.purpose == purpose) & Challenge.used_at.does_not_exist() & (Challenge.tries < TRIES)
    if account_id is not None:
        is_open &= Challenge.account_id == account_id
    place, mark = keys.access.challenge(challenge_id), counters.new_mark()
    try:
        one_more = [Challenge.tries.add(1), Challenge.undecided.add({mark})]
        counted = counters.count(place, Challenge.tried_by, one_more, is_open, mark=mark)
    except ConditionFailed as failure:
        found = failure.found(Challenge)
        if found is None or found.purpose != purpose or found.used_at is not None:
            raise OtpInvalid from failure
        if account_id is not None and found.account_id != account_id:
            raise OtpInvalid from failure
        raise _used_up(found, place) from failure
    return CodeTry(Challenge.from_raw_data(counted), place, mark)


def take_by_number(purpose: OtpPurpose, challenge_id: str, address: str) -> CodeTry:
    """Count a try by number from this address and return it. Raises OtpInvalid, OtpExhausted."""
    challenge = operations.get(keys.access.challenge(challenge_id))
    if challenge is None or challenge.purpose != purpose or challenge.used_at is not None:
        raise OtpInvalid
    # For each code sent: a resent one has another MAC.
    budget, whom = limits.TRIES_BY_NUMBER, f"{challenge.mac}:{limits.network(address)}"
    try:
        counted = budget.take(whom, until_decided=True)
    except RateLimited as refusal:
        counter, _ = throttle.window_place(budget.name, whom, budget.window)
        raise _used_up(challenge, counter) from refusal
    return CodeTry(challenge, counted.place, counted.mark)


def _used_up(challenge: Challenge, counter: Place[Challenge] | Place[Throttle]) -> OtpExhausted | OtpInvalid:
    """Return the refusal of a code without tries left, once none is being checked or one has spent the code."""
    patient_until = clock.now() + throttle.DECIDED_WITHIN
    places = {challenge.place, counter}
    while True:
        found = operations.get_many(places)
        present, counted = found.get(challenge.place), found.get(counter)
        if isinstance(present, Challenge) and present.used_at is not None:
            return OtpInvalid()
        marks = (counted.undecided if isinstance(counted, Challenge | Throttle) else None) or ()
        # A caller that died decides nothing.
        is_checked = counters.any_since(marks, clock.now() - throttle.DECIDED_WITHIN)
        if not is_checked or clock.now() >= patient_until:
            log("code exhausted", challenge)
            return OtpExhausted()
        throttle.pause(_PAUSE_SECONDS)


def log(what: str, challenge: Challenge) -> None:
    """Write a line about a code, without the code."""
    logger.info(what, extra={"security": True, "challenge_id": challenge.challenge_id, "purpose": challenge.purpose})
