"""Bugs of the ledger: entries that do not balance, and cards that pay what they do not hold."""

from tests.mutants.seeded.mutant import Mutant

_LEDGER = "tests/domain/ledger/test_journals.py"

MUTANTS = (
    Mutant(
        name="as-seen-condition-dropped",
        bug="a balance that changed since it was read is written over",
        file="chalicelib/domain/ledger/card_balances.py",
        before="(CardBalance.entries == balance.entries) & (CardBalance.amount == balance.amount)",
        after="CardBalance.entries.exists() & CardBalance.amount.exists()",
        tests=(f"{_LEDGER}::test_a_balance_that_changed_since_it_was_read_is_not_written_over",),
    ),
    Mutant(
        name="entries-need-not-sum-to-zero",
        bug="money comes from nowhere",
        file="chalicelib/domain/ledger/journals.py",
        before=(
            "    if sum(entry.amount for entry in movement.entries) != 0:\n"
            '        raise ValueError(f"the entries of journal {movement.journal_id} do not sum to zero")\n'
        ),
        after="",
        tests=(f"{_LEDGER}::test_a_movement_whose_entries_do_not_sum_to_zero_is_never_written",),
    ),
    Mutant(
        name="fee-has-the-wrong-sign",
        bug="the platform pays the organizer a fee",
        file="chalicelib/domain/ledger/postings.py",
        before="Posting(sales(event_id), amount - fee), Posting(FEES, fee)]",
        after="Posting(sales(event_id), amount + fee), Posting(FEES, -fee)]",
        tests=(f"{_LEDGER}::test_a_sale_splits_into_the_organizers_part_and_the_fee",),
    ),
    Mutant(
        name="balance-below-zero",
        bug="a card pays one more than it holds",
        file="chalicelib/domain/ledger/card_balances.py",
        before="    if after < 0:\n",
        after="    if after < -1:\n",
        tests=(f"{_LEDGER}::test_a_card_never_pays_more_than_it_holds",),
    ),
    Mutant(
        name="journal-overwritten",
        bug="a movement that is told twice is booked twice",
        file="chalicelib/domain/ledger/journals.py",
        before="[operations.put(journal, Journal.pk.does_not_exist())]",
        after="[operations.put(journal)]",
        tests=(f"{_LEDGER}::test_the_same_movement_is_booked_once",),
    ),
    Mutant(
        name="frozen-card-pays",
        bug="a card that was blocked since its balance was read still pays",
        file="chalicelib/domain/ledger/card_balances.py",
        before="same & CardBalance.frozen.does_not_exist() & settings",
        after="same & settings",
        tests=(f"{_LEDGER}::test_a_card_out_of_use_pays_nothing_and_still_takes_its_refunds",),
    ),
    Mutant(
        name="threshold-missed",
        bug="a purchase misses a threshold that was set since it read the balance",
        file="chalicelib/domain/ledger/card_balances.py",
        before="same & CardBalance.frozen.does_not_exist() & settings",
        after="same & CardBalance.frozen.does_not_exist()",
        tests=(f"{_LEDGER}::test_a_purchase_does_not_miss_a_threshold_that_was_set_since_it_read_the_balance",),
    ),
    Mutant(
        name="journal-counted-mark-dropped",
        bug="a journal is counted into the totals once a delivery",
        file="chalicelib/domain/ledger/account_totals.py",
        before="Journal.pk.exists() & Journal.counted.does_not_exist(),",
        after="Journal.pk.exists(),",
        tests=(f"{_LEDGER}::test_totals_count_each_journal_once_however_often_the_stream_tells_of_it",),
    ),
)
