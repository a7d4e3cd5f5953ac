"""Bugs of what people scan and type: a form that is refused, a wrong code that is taken."""

from tests.mutants.seeded.mutant import Mutant

_TEXT = "chalicelib/scanned_text.py"
_SCANNED = "tests/schemas/test_scanned_text.py"

MUTANTS = (
    Mutant(
        name="two-codes-in-one-text-taken",
        bug="of two codes in one scanned text, one is admitted",
        file="chalicelib/domain/tickets/credentials.py",
        before="if len(genuine) == 1 else None",
        after="if genuine else None",
        tests=(f"{_SCANNED}::TestTicketCodes::test_two_codes_in_one_text_are_none_and_the_same_code_twice_is_one",),
    ),
    Mutant(
        name="plus-kept-in-form-encoding",
        bug="a form-encoded space stays a plus sign",
        file=_TEXT,
        before="        yield visible(unquote_plus(text))\n",
        after="",
        tests=(f"{_SCANNED}::TestTicketCodes::test_a_code_is_read_in_every_form_and_in_every_form_of_a_form",),
    ),
)
