"""Bugs of messages: a code that hides its act, a stranger's words sent as the platform's, a change without notice."""

from tests.mutants.seeded.mutant import Mutant

_ACTS = "tests/security/test_codes_name_their_act.py"
_WORDS = "tests/security/test_no_strangers_words_are_ours.py"
_NOTICES = "tests/security/test_owners_hear_of_changes.py"
_CODE_TEXTS = "chalicelib/domain/access/code_texts.py"
_QUOTATIONS = "chalicelib/domain/quotations.py"
_TRANSFERS = "chalicelib/domain/tickets/transfers.py"

MUTANTS = (
    Mutant(
        name="reset-reads-as-a-log-in",
        bug="the text of a reset says that it logs in",
        file=_CODE_TEXTS,
        before='f"{_NEVER_TELL} Asked in the app for your customer account."',
        after='"logs in to your customer account, as asked in the app with your password."',
        tests=(f"{_ACTS}::test_a_text_begins_with_the_platform_and_names_act_object_and_asker",),
    ),
    Mutant(
        name="reset-code-of-six-digits",
        bug="an organizer's reset code looks like any other",
        file=_CODE_TEXTS,
        before='f"{_NEVER_TELL} Asked in the organizer portal.", digits=8',
        after='f"{_NEVER_TELL} Asked in the organizer portal.", digits=6',
        tests=(f"{_ACTS}::test_a_reset_code_has_eight_digits_and_every_other_six",),
    ),
    Mutant(
        name="card-code-names-no-fee",
        bug="a customer hears of a card and not of what it costs",
        file="chalicelib/domain/merchants/early_codes.py",
        before='f"fee {currency} {amount}" if fee else "no fee"',
        after='"no fee"',
        tests=(f"{_ACTS}::test_the_card_of_a_shop_is_named_with_its_end_and_its_fee",),
    ),
    Mutant(
        name="giver-not-quoted",
        bug="a giver's name is the beginning of the platform's sentence",
        file="chalicelib/domain/tickets/gifts.py",
        before="{quote(giver.name)} has a ticket",
        after="{giver.name} has a ticket",
        tests=(f"{_WORDS}::test_outside_its_quotations_a_message_is_the_same_with_any_words",),
    ),
    Mutant(
        name="quotation-mark-kept",
        bug="a name ends its own quotation",
        file=_QUOTATIONS,
        before="""_MARKS.sub("'", """,
        after="""_MARKS.sub("\\\\g<0>", """,
        tests=(f"{_WORDS}::test_a_quotation_is_one_short_line_without_links_numbers_and_what_cannot_be_seen",),
    ),
    Mutant(
        name="torn-link-kept",
        bug="a link that a removed link leaves behind is sent",
        file=_QUOTATIONS,
        before="    for _ in range(2):\n",
        after="    for _ in range(0):\n",
        tests=(f"{_WORDS}::test_a_quotation_is_one_short_line_without_links_numbers_and_what_cannot_be_seen",),
    ),
    Mutant(
        name="gift-sends-without-end",
        bug="a gift that is taken back and given again sends a text each time",
        file=_TRANSFERS,
        before='((f"{ticket_id}/{receiver}", 1), (ticket_id, _TEXTS_PER_TICKET))',
        after="((ticket_id, _TEXTS_PER_TICKET),)",
        tests=(f"{_WORDS}::TestGivenTickets::test_a_gift_taken_back_and_given_again_sends_one_text_a_day",),
    ),
    Mutant(
        name="imitation-in-other-letters",
        bug="a shop calls itself by the platform's name with Cyrillic letters",
        file="chalicelib/schemas/platform_names.py",
        before="    folded = plain.translate(_LOOKS_LIKE)\n",
        after="    folded = plain\n",
        tests=(f"{_WORDS}::test_a_name_that_reads_as_the_platforms_is_known_in_any_dress",),
    ),
    Mutant(
        name="reset-without-a-notice",
        bug="a password is reset and its owner hears nothing",
        file="chalicelib/domain/access/resets.py",
        before="        notices.send(owner, Changed.PASSWORD)\n",
        after="",
        tests=(f"{_NOTICES}::test_the_owner_hears_of_a_change_on_the_number_and_address_from_before_it",),
    ),
    Mutant(
        name="notice-to-the-number-alone",
        bug="a notice goes to a number that may be in a thief's hands, and not to the e-mail address",
        file="chalicelib/domain/access/notices.py",
        before="ways = [(Channel.SMS, to.number), (Channel.EMAIL, to.email)]",
        after="ways = [(Channel.SMS, to.number)]",
        tests=(f"{_NOTICES}::test_the_owner_hears_of_a_change_on_the_number_and_address_from_before_it",),
    ),
)
