"""Bugs of mails and SMS: sent twice, lost, to the wrong customer, or too long."""

from tests.mutants.seeded.mutant import Mutant

_ONCE = "tests/faults/test_messages_once.py"
_NOTICES = "tests/domain/customer_notices/test_notices.py"
_WORDING = "tests/domain/customer_notices/test_wording.py"
_PRINT = "tests/portals/tix/test_print_runs.py"

MUTANTS = (
    Mutant(
        name="sent-message-forgotten",
        bug="a message that comes twice is sent twice",
        file="chalicelib/domain/access/deliveries.py",
        before="change(place, actions, SentMessage.sent_at.does_not_exist() & is_free)",
        after="change(place, actions, is_free)",
        tests=(f"{_ONCE}::test_a_message_that_comes_twice_is_sent_once",),
    ),
    Mutant(
        name="message-claimed-by-two",
        bug="two workers with one message both send it",
        file="chalicelib/domain/access/deliveries.py",
        before="change(place, actions, SentMessage.sent_at.does_not_exist() & is_free)",
        after="change(place, actions, SentMessage.sent_at.does_not_exist())",
        tests=(f"{_ONCE}::test_of_many_workers_with_one_message_one_sends_it",),
    ),
    Mutant(
        name="claim-for-ever",
        bug="a worker that dies before it sends loses the message",
        file="chalicelib/domain/access/deliveries.py",
        before=" | (SentMessage.claimed_until <= until - CLAIMED_FOR)\n",
        after="\n",
        tests=(f"{_ONCE}::test_a_worker_that_dies_anywhere_loses_no_message",),
    ),
    Mutant(
        name="old-news-sent",
        bug="customers of an event that was moved twice hear of both",
        file="chalicelib/domain/customer_notices/runs.py",
        before=" and run.about == about(event)\n",
        after="\n",
        tests=(f"{_NOTICES}::TestEvents::test_a_run_that_a_later_change_overtakes_ends_without_old_news",),
    ),
    Mutant(
        name="calendar-sequence-fixed",
        bug="a calendar keeps the entry of an event that was moved",
        file="chalicelib/domain/customer_notices/calendar_file.py",
        before='entry.add("sequence", event.version + is_cancelled)',
        after='entry.add("sequence", 0)',
        tests=(
            f"{_NOTICES}::TestEvents::test_all_customers_of_a_moved_event_get_one_message_with_the_moved_entry",
            f"{_NOTICES}::TestEvents::test_a_cancelled_event_sends_the_cancelled_entry",
        ),
    ),
    Mutant(
        name="quotation-as-long-as-a-mails",
        bug="an SMS has more than two segments",
        file="chalicelib/domain/customer_notices/wording.py",
        before="_QUOTED_IN_SMS, _PERSON_IN_SMS, _QUOTED_IN_MAIL, _REASON_IN_MAIL = 30, 20, 60, 200",
        after="_QUOTED_IN_SMS, _PERSON_IN_SMS, _QUOTED_IN_MAIL, _REASON_IN_MAIL = 60, 60, 60, 200",
        tests=(f"{_WORDING}::test_a_text_is_filled_bounded_and_visible",),
    ),
    Mutant(
        name="unprintable-sheets-made",
        bug="10,000 sheets have a mark in the place of a name",
        file="chalicelib/domain/organizations/printing/printable.py",
        before="        if missing := typefaces.unprintable(extra_lines(extra)):\n",
        after="        if False and (missing := typefaces.unprintable(extra_lines(extra))):\n",
        tests=(f"{_PRINT}::test_what_cannot_be_printed_is_named_before_a_sheet_is_made",),
    ),
)
