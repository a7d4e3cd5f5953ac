import pytest

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change
from chalicelib.domain.cards import balances
from chalicelib.domain.ledger import account_names, account_totals, card_balances, journals, postings
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.errors import InsufficientBalance, InvalidState, NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import CardBalance, Journal
from chalicelib.vocabulary.cards import CardStatus, EntryType
from tests.support import card_states, wallets
from tests.support.factories import make_customer
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def stored(uid: str) -> tuple[int, int]:
    balance = card_balances.of(uid)
    return balance.amount, balance.entries


def test_a_movement_whose_entries_do_not_sum_to_zero_is_never_written() -> None:
    with pytest.raises(ValueError, match="do not sum to zero"):
        journals.post(
            journals.Movement(
                "jrn_x",
                type="x",
                currency="PKR",
                entries=[Posting(account_names.FEES, 1), Posting("sales:e", -2)],
                references={},
            )
        )


def test_a_cards_entry_without_its_balance_or_twice_in_one_journal_is_never_written() -> None:
    card = wallets.make_card(holds=100)
    twice = [Posting(account_names.card(card.uid), 1), Posting(account_names.card(card.uid), -1)]
    for entries, seen in ((twice, [card_balances.of(card.uid)]), ([twice[0], Posting("fees", -1)], [])):
        with pytest.raises(ValueError, match="jrn_x"):
            journals.post(
                journals.Movement("jrn_x", type="x", currency="PKR", entries=entries, references={}),
                balances=seen,
                card_entry_type=EntryType.ADJUSTMENT,
            )


def test_a_sale_splits_into_the_organizers_part_and_the_fee() -> None:
    entries = postings.sale_entries(account_names.clearing("sandbox"), event_id="evt_1", amount=1_010)
    assert entries == [Posting("clearing:sandbox", -1_010), Posting("sales:evt_1", 959), Posting("fees", 51)]
    back = postings.refund_entries(account_names.clearing("sandbox"), event_id="evt_1", amount=1_010, fee=51)
    assert [entry.amount for entry in back] == [1_010, -959, -51]
    assert postings.sale_entries(account_names.clearing("sandbox"), event_id="evt_1", amount=0) == []


def test_a_balance_is_the_sum_of_its_lines_and_each_line_says_what_was_left() -> None:
    card = wallets.make_card()
    wallets.credit(card.uid, 1_000)
    wallets.spend(card.uid, 400)
    wallets.give_back(card.uid, 150)
    assert stored(card.uid) == (750, 3)
    lines = wallets.books().lines[card.uid]
    assert [(line.type, line.amount, line.balance_after) for line in lines] == [
        ("reload", 1_000, 1_000),
        ("purchase", -400, 600),
        ("refund", 150, 750),
    ]


def test_the_same_movement_is_booked_once() -> None:
    card = wallets.make_card(holds=1_000)
    for _ in range(3):
        wallets.spend(card.uid, 300, journal_id="jrn_once")
    assert stored(card.uid) == (700, 2)
    writes = journals.post(journals.Movement("jrn_once", type="x", currency="PKR", entries=[], references={}))
    with pytest.raises(operations.ConditionFailed) as failure:
        operations.commit(*writes)
    first = failure.value.found(Journal)
    assert first is not None
    assert first.type == "purchase"


def test_a_card_never_pays_more_than_it_holds() -> None:
    card = wallets.make_card(holds=500)
    with pytest.raises(InsufficientBalance, match=r"5\.00 PKR"):
        wallets.spend(card.uid, 501)
    assert stored(card.uid) == (500, 1)
    wallets.spend(card.uid, 500)
    assert stored(card.uid) == (0, 2)


def test_a_balance_that_changed_since_it_was_read_is_not_written_over() -> None:
    card = wallets.make_card(holds=500)
    seen = card_balances.of(card.uid)
    wallets.credit(card.uid, 1)
    writes = journals.post(
        journals.Movement(
            "jrn_late",
            type="purchase",
            currency="PKR",
            entries=postings.sale_entries(account_names.card(card.uid), event_id="evt_1", amount=500),
            references={},
        ),
        balances=[seen],
        card_entry_type=EntryType.PURCHASE,
    )
    with pytest.raises(operations.ConditionFailed) as failure:
        operations.commit(*writes)
    assert set(failure.value.failures) == {1, 2}
    assert stored(card.uid) == (501, 2)
    assert operations.get(keys.money.journal("jrn_late")) is None


def test_a_card_pays_in_its_own_currency_only() -> None:
    card = wallets.make_card(holds=500)
    with pytest.raises(InvalidState, match="PKR"):
        journals.post(
            journals.Movement(
                "jrn_x",
                type="purchase",
                currency="EUR",
                entries=postings.sale_entries(account_names.card(card.uid), event_id="evt_1", amount=5),
                references={},
            ),
            balances=[card_balances.of(card.uid)],
            card_entry_type=EntryType.PURCHASE,
        )


@pytest.mark.parametrize("status", [CardStatus.BLOCKED, CardStatus.LOST, CardStatus.REPLACED, CardStatus.HELD])
def test_a_card_out_of_use_pays_nothing_and_still_takes_its_refunds(status: CardStatus) -> None:
    card = wallets.make_card(holds=500)
    seen = card_balances.of(card.uid)
    card_states.put_into(card.uid, status)
    with pytest.raises(InvalidState, match="not active"):
        wallets.spend(card.uid, 1)
    # One that read the balance before.
    writes = journals.post(
        journals.Movement(
            "jrn_late",
            type="purchase",
            currency="PKR",
            entries=postings.sale_entries(account_names.card(card.uid), event_id="evt_1", amount=5),
            references={},
        ),
        balances=[seen],
        card_entry_type=EntryType.PURCHASE,
    )
    with pytest.raises(operations.ConditionFailed):
        operations.commit(*writes)
    wallets.give_back(card.uid, 50)
    assert stored(card.uid) == (550, 2)
    card_states.put_into(card.uid, CardStatus.ACTIVE)
    wallets.spend(card.uid, 550)
    assert stored(card.uid) == (0, 3)


def test_a_card_that_was_frozen_before_anything_was_booked_stays_at_zero() -> None:
    card = wallets.make_card(status=CardStatus.BLOCKED)
    assert stored(card.uid) == (0, 0)
    wallets.give_back(card.uid, 50)
    assert stored(card.uid) == (50, 1)
    wallets.assert_balanced(wallets.books(), drained=False)


def test_totals_count_each_journal_once_however_often_the_stream_tells_of_it() -> None:
    stream = StreamReader()
    card = wallets.make_card(holds=10_000)
    for _ in range(60):
        wallets.spend(card.uid, 100)
    records = stream.read()
    for _ in range(2):
        StreamReader().drain()
    assert account_totals.total(account_names.clearing("sandbox"), "PKR") == Money(-10_000, "PKR")
    assert account_totals.total(account_names.sales(wallets.EVENT_ID), "PKR") == Money(60 * 95, "PKR")
    assert account_totals.total(account_names.FEES, "PKR") == Money(60 * 5, "PKR")
    assert account_totals.total(account_names.FEES, "EUR") == Money(0, "EUR")
    assert len(records) > 100
    wallets.assert_balanced(wallets.books())


def test_a_journal_among_counted_ones_is_counted() -> None:
    card = wallets.make_card(holds=1_000)
    StreamReader().drain()
    wallets.spend(card.uid, 100)
    journals = wallets.books().journals
    # The stream delivers them as they were when they were new.
    for journal in journals:
        journal.counted = None
    account_totals.follow([Change(position=str(n), before=None, after=journal) for n, journal in enumerate(journals)])
    assert account_totals.total(account_names.FEES, "PKR") == Money(5, "PKR")
    wallets.assert_balanced(wallets.books())


def test_a_lost_cards_whole_balance_moves_once_to_another_of_the_same_customer() -> None:
    customer = make_customer()
    lost, new = wallets.make_card(customer, status=CardStatus.LOST, holds=700), wallets.make_card(customer, holds=5)
    operation_id = new_id("op")
    for _ in range(3):
        assert balances.move(lost.uid, new.uid, operation_id=operation_id) == Money(700, "PKR")
    assert (stored(lost.uid), stored(new.uid)) == ((0, 2), (705, 2))
    found = wallets.books()
    out, into = found.lines[lost.uid][-1], found.lines[new.uid][-1]
    assert (out.type, out.amount, out.reference) == ("transfer_out", -700, new.card_id)
    assert (into.type, into.amount, into.reference) == ("transfer_in", 700, lost.card_id)
    # A late refund moves by an operation of its own.
    wallets.give_back(lost.uid, 30)
    assert balances.move(lost.uid, new.uid, operation_id=operation_id) == Money(700, "PKR")
    assert balances.move(lost.uid, new.uid, operation_id=new_id("op")) == Money(30, "PKR")
    assert balances.move(lost.uid, new.uid, operation_id=new_id("op")) == Money(0, "PKR")
    wallets.assert_balanced(wallets.books(), drained=False)


def test_money_moves_only_from_a_card_out_of_use_to_an_active_one_of_the_same_customer() -> None:
    customer, other = make_customer(), make_customer()
    lost = wallets.make_card(customer, status=CardStatus.LOST, holds=700)
    refused = {
        wallets.make_card(other).uid: InvalidState,
        wallets.make_card().uid: InvalidState,
        wallets.make_card(customer, status=CardStatus.BLOCKED).uid: InvalidState,
        "04FFFFFFFFFFFF": NotFound,
    }
    for uid, error in refused.items():
        with pytest.raises(error):
            balances.move(lost.uid, uid, operation_id=new_id("op"))
    active = wallets.make_card(customer, holds=3)
    with pytest.raises(InvalidState):
        balances.move(active.uid, wallets.make_card(customer).uid, operation_id=new_id("op"))
    assert stored(lost.uid) == (700, 1)


def low(uid: str) -> list[Published]:
    """Return the facts that the stream would publish for this card's balance, also after other changes."""
    after = operations.get(keys.money.card_balance(uid))
    return account_totals.follow([Change(position="1", before=None, after=after)])


def test_a_purchase_that_takes_a_balance_under_its_threshold_is_told_once_per_crossing() -> None:
    card = wallets.make_card(holds=1_000)
    place = keys.money.card_balance(card.uid)
    settings = [CardBalance.auto_enabled.set(True), CardBalance.auto_threshold.set(500)]  # PynamoDB's signature
    operations.record(operations.change(place, settings))
    wallets.spend(card.uid, 500)
    assert low(card.uid) == []  # at the threshold is not under it
    wallets.spend(card.uid, 1)
    wallets.spend(card.uid, 1)
    assert [fact.fact_id for fact in low(card.uid)] == [f"{card.uid}/3"]
    wallets.credit(card.uid, 502)
    wallets.spend(card.uid, 600)
    (fact,) = low(card.uid)
    assert (fact.fact_id, fact.ids) == (f"{card.uid}/6", {"card_uid": card.uid, "entry": 6})
    before = card_balances.of(card.uid)
    wallets.credit(card.uid, 5)
    assert account_totals.follow([Change(position="2", before=before, after=card_balances.of(card.uid))]) == []


def test_a_purchase_does_not_miss_a_threshold_that_was_set_since_it_read_the_balance() -> None:
    card = wallets.make_card(holds=1_000)
    seen = card_balances.of(card.uid)
    place = keys.money.card_balance(card.uid)
    settings = [CardBalance.auto_enabled.set(True), CardBalance.auto_threshold.set(500)]  # PynamoDB's signature
    operations.record(operations.change(place, settings))
    writes = journals.post(
        journals.Movement(
            "jrn_late",
            type="purchase",
            currency="PKR",
            entries=postings.sale_entries(account_names.card(card.uid), event_id="evt_1", amount=900),
            references={},
        ),
        balances=[seen],
        card_entry_type=EntryType.PURCHASE,
    )
    with pytest.raises(operations.ConditionFailed):
        operations.commit(*writes)
