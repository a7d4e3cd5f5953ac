"""Bugs of readers, scanners and signals at a gate."""

from tests.mutants.seeded.mutant import Mutant

_AGENT = "reader-agent/src/reader_agent"
_TESTS = "reader-agent/tests"

MUTANTS = (
    Mutant(
        name="relay-for-any-verdict",
        bug="the door opens for a ticket that was refused",
        file=f"{_AGENT}/signals.py",
        before="isinstance(outcome, Decided | DecidedHere) or not outcome.decision.admitted:\n",
        after="isinstance(outcome, Decided | DecidedHere):\n",
        tests=(
            f"{_TESTS}/test_signals.py::test_the_relay_closes_for_an_admission_alone_and_for_less_than_half_a_second",
        ),
    ),
    Mutant(
        name="relay-for-a-repeat",
        bug="a card that is read twice opens the door twice",
        file=f"{_AGENT}/signals.py",
        before="if outcome.decision.repeat and last == shown and",
        after="if False and",
        tests=(f"{_TESTS}/test_signals.py::test_a_repeat_opens_no_door_that_its_admission_opened",),
    ),
    Mutant(
        name="half-a-code-kept",
        bug="what a scanner left unfinished becomes the beginning of the next person's code",
        file=f"{_AGENT}/readers/lines.py",
        before="        if self._length and now - self._began_at > _OLDEST_SECONDS:\n",
        after="        if self._length > LONGEST_CODE:\n",
        tests=(f"{_TESTS}/test_scanners.py::test_half_a_code_is_forgotten_after_two_seconds_and_a_long_one_is_cut",),
    ),
    Mutant(
        name="support-takes-any-field",
        bug="a field of the log that nobody chose goes to support, with a person's name in it",
        file=f"{_AGENT}/support.py",
        before="if name in _LOGGED else _HIDDEN",
        after="if name != 'uid' else _HIDDEN",
        tests=(f"{_TESTS}/test_station.py::test_a_support_bundle_has_no_key_uid_code_token_or_name",),
    ),
    Mutant(
        name="scanner-not-grabbed",
        bug="what a code scanner types goes to the console as well, where it may run a command",
        file=f"{_AGENT}/readers/hid.py",
        before="            device.grab()\n",
        after="            device.fileno()\n",
        tests=(f"{_TESTS}/test_scanners.py::test_a_keyboard_scanner_is_grabbed_and_its_keys_are_text",),
    ),
)
