"""Bugs of one-time codes: unlimited guesses, a second use, or a use for another purpose."""

from tests.mutants.seeded.mutant import Mutant

_FILE = "chalicelib/domain/access/otp.py"
_TRIES = "chalicelib/domain/access/code_tries.py"
_REGISTRATION = "tests/portals/webapp/test_registration.py"
_OVERTAKEN = "tests/domain/test_overtaken.py"

MUTANTS = (
    Mutant(
        name="tries-not-limited",
        bug="a code may be guessed at for five minutes",
        file=_TRIES,
        before=" & Challenge.used_at.does_not_exist() & (Challenge.tries < TRIES)",
        after=" & Challenge.used_at.does_not_exist()",
        tests=(f"{_REGISTRATION}::test_five_wrong_codes_kill_the_right_one",),
    ),
    Mutant(
        name="tries-not-waited-for",
        bug="who brings the right code six times at once is told of failed attempts",
        file=_TRIES,
        before="        if not is_checked or clock.now() >= patient_until:\n",
        after="        if marks is not None:\n",
        tests=("tests/faults/test_codes.py::test_the_sixth_try_at_a_code_waits_for_five_that_are_being_checked",),
    ),
    Mutant(
        name="code-expiry-ignored",
        bug="a code is good until its challenge is removed",
        file=_FILE,
        before="    if clock.now() >= challenge.expires_at:\n        raise OtpExpired\n",
        after="",
        tests=(f"{_REGISTRATION}::test_a_code_is_good_for_five_minutes_by_the_clock",),
    ),
    Mutant(
        name="code-expiry-included",
        bug="a code is good at the moment its time is over",
        file=_FILE,
        before="    if clock.now() >= challenge.expires_at:\n",
        after="    if clock.now() > challenge.expires_at:\n",
        tests=(f"{_REGISTRATION}::test_a_code_is_good_for_five_minutes_by_the_clock",),
    ),
    Mutant(
        name="code-spent-twice",
        bug="two who show one code at the same moment both get in",
        file=_FILE,
        before="Challenge.used_at.does_not_exist() & (Challenge.mac == challenge.mac)",
        after="Challenge.mac == challenge.mac",
        tests=(f"{_OVERTAKEN}::test_of_two_who_show_one_code_the_second_is_refused",),
    ),
    Mutant(
        name="renewed-code-left-good",
        bug="a code is taken although a new one was sent since it was looked at",
        file=_FILE,
        before="Challenge.used_at.does_not_exist() & (Challenge.mac == challenge.mac)",
        after="Challenge.used_at.does_not_exist()",
        tests=(f"{_OVERTAKEN}::test_a_code_that_was_sent_anew_since_it_was_looked_at_is_refused",),
    ),
    Mutant(
        name="purpose-not-compared",
        bug="a code for logging in resets a password",
        file=_TRIES,
        before="(Challenge.purpose == purpose) & Challenge.used_at",
        after="Challenge.used_at",
        tests=(f"{_REGISTRATION}::test_a_code_of_one_purpose_opens_nothing_else",),
    ),
    Mutant(
        name="older-code-left-good",
        bug="a code still opens after the number was sent a newer one",
        file=_FILE,
        before="            NewestChallenge.challenge_id == challenge.challenge_id,\n",
        after="            NewestChallenge.challenge_id.exists(),\n",
        tests=(f"{_REGISTRATION}::test_a_new_code_voids_the_old",),
    ),
)
