"""Bugs of the card office: cards that live on, rows that are skipped, links that work twice."""

from tests.mutants.seeded.mutant import Mutant

_LOST = "tests/portals/admin/test_lost_cards.py"
_BULK = "tests/portals/admin/test_bulk_cards.py"
_CARDS = "tests/portals/admin/test_cards.py"
_UNCLAIMED = "tests/portals/admin/test_unclaimed.py"

MUTANTS = (
    Mutant(
        name="lost-card-stays-active",
        bug="a card that was replaced still opens the gate",
        file="chalicelib/domain/card_office/replacements.py",
        before="        *cards.becoming(read.old, CardStatus.REPLACED),\n",
        after="        *cards.becoming(read.old, CardStatus.ACTIVE),\n",
        tests=(f"{_LOST}::test_a_lost_card_gives_all_it_has_to_its_replacement_in_one_call",),
    ),
    Mutant(
        name="late-money-goes-to-the-newest-card",
        bug="a reload of a lost card is credited to another card than its replacement",
        file="chalicelib/domain/cards/balances.py",
        before="_heir(card, known) or newest for card in given_up",
        after="newest for card in given_up",
        tests=(f"{_LOST}::test_money_and_tickets_that_arrive_late_follow_to_the_replacement",),
    ),
    Mutant(
        name="support-changes-any-state",
        bug="support activates a card that is blocked",
        file="chalicelib/domain/card_office/card_states.py",
        before="if wanted.status is not CardStatus.BLOCKED and not may(role, Permission.MANAGE):",
        after="if not may(role, Permission.SUPPORT):",
        tests=(f"{_CARDS}::test_support_may_only_block",),
    ),
    Mutant(
        name="duplicate-rows-are-tried-twice",
        bug="a card that is twice in a file is no problem of the file",
        file="chalicelib/domain/card_office/card_lists.py",
        before="        elif uid in first_lines:\n",
        after="        elif False:\n",
        tests=(f"{_BULK}::test_a_file_with_bad_rows_creates_the_good_ones_and_names_each_bad_line",),
    ),
    Mutant(
        name="an-older-link-still-claims",
        bug="a claim link works after a newer one was sent",
        file="chalicelib/domain/card_office/claims.py",
        before=" or not is_newest:\n",
        after=":\n",
        tests=(f"{_UNCLAIMED}::test_a_newer_link_voids_the_one_before",),
    ),
    Mutant(
        name="pay-back-not-granted-on-the-payment",
        bug="a payment that was paid back can be refunded again",
        file="chalicelib/domain/card_office/pay_backs.py",
        before="        Payment.refunded.set(refunded),\n",
        after="        Payment.refunded.set(int(payment.refunded or 0)),\n",
        tests=(f"{_UNCLAIMED}::test_a_balance_returns_once_to_the_payments_that_loaded_it_and_the_books_sum_to_zero",),
    ),
    Mutant(
        name="balance-goes-to-who-gave-it",
        bug="a balance that was claimed by a link is paid back to the customer who gave it",
        file="chalicelib/domain/card_office/pay_backs.py",
        before="owner_id not in (None, payment.customer_id) or ",
        after="",
        tests=(f"{_UNCLAIMED}::test_money_that_another_customer_paid_and_gave_by_a_link_is_not_paid_back_to_them",),
    ),
    Mutant(
        name="link-of-a-blocked-card",
        bug="a claim link takes the balance of a card that staff blocked after it was sent",
        file="chalicelib/domain/card_office/claims.py",
        before="card.kept_by_staff and ",
        after="False and card.kept_by_staff and ",
        tests=(f"{_UNCLAIMED}::test_a_card_that_staff_block_after_its_link_keeps_its_balance_until_they_send_another",),
    ),
)
