"""Totals of accounts other than cards (provider clearing, sales, fees), which the stream worker adds up.

They are sharded, because every sale changes the same few accounts. A journal counts once, by a mark in its transaction.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, every, follows
from chalicelib.domain.ledger import account_names, company_days
from chalicelib.domain.money import Money
from chalicelib.observability import count, logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AccountTotal, CardBalance, Journal
from chalicelib.table.places import Place
from chalicelib.vocabulary.messages import Fact

IMBALANCE = "ledger imbalance"
# Every payment changes the fees and a provider's account; a partition takes 1,000 writes a second (AWS).
TOTAL_SHARDS = 8
_JOURNALS_PER_TRANSACTION = 45


def total(account: str, currency: str, *, consistent: bool = False) -> Money:
    """Return the total of an account other than a card's (eventually consistent, kept by the stream)."""
    shards = [keys.money.account_total(account, shard, currency) for shard in range(TOTAL_SHARDS)]
    found = operations.get_many(shards, consistent=consistent)
    return Money(sum(shard.amount for shard in found.values()), currency)


def totals(accounts: Sequence[str], currency: str) -> dict[str, int]:
    """Return the totals of several accounts in minor units, at one request (eventually consistent)."""
    places = {
        keys.money.account_total(account, shard, currency): account
        for account in accounts
        for shard in range(TOTAL_SHARDS)
    }
    sums = dict.fromkeys(accounts, 0)
    for place, shard in operations.get_many(places, consistent=False).items():
        sums[places[place]] += shard.amount  # type: ignore[index]  # a place equals its plain key
    return sums


@follows(Wanted(Journal, only_new=True, unless=Journal.counted), *every(CardBalance))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Add new journals to their accounts' totals, each once. Return facts on cards that crossed their threshold."""
    journals: dict[str, Journal] = {}
    facts: list[Published] = []
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Journal) and before is None and not after.counted:
            journals[after.journal_id] = after
            _check(after)
        elif isinstance(after, CardBalance):
            facts += _low_balance(before if isinstance(before, CardBalance) else None, after)
    for batch in _batches(list(journals.values())):
        _count(batch)
    return facts


def _check(journal: Journal) -> None:
    """Report a stored journal whose entries do not sum to zero, which no code path writes."""
    off = sum(int(entry["amount"]) for entry in journal.entries)
    if off:
        # An alarm counts these lines.
        logger.error(IMBALANCE, extra={"journal_id": journal.journal_id, "off_by": off, "currency": journal.currency})


def _low_balance(before: CardBalance | None, after: CardBalance) -> list[Published]:
    crossed = after.crossed_at_entry
    if crossed is None or (before is not None and before.crossed_at_entry == crossed):
        return []
    return [
        Published(
            fact=Fact.CARD_BALANCE_LOW,
            fact_id=f"{after.uid}/{crossed}",
            occurred_at=clock.now(),
            ids={"card_uid": after.uid, "entry": crossed},
        )
    ]


def _shard(journal_id: str) -> int:
    return hashlib.sha256(journal_id.encode()).digest()[0] % TOTAL_SHARDS


def _sums(journals: Sequence[Journal]) -> Counter[Place[AccountTotal]]:
    """Return the sums that journals add to account totals. Cards are excluded: they have balances."""
    sums: Counter[Place[AccountTotal]] = Counter()
    for journal in journals:
        for entry in journal.entries:
            if not account_names.is_card(entry["account"]):
                place = keys.money.account_total(entry["account"], _shard(journal.journal_id), journal.currency)
                sums[place] += int(entry["amount"])
    return sums


def _batches(journals: Sequence[Journal]) -> Iterator[list[Journal]]:
    """Split journals into batches for one transaction each, every batch within one shard."""
    batch: list[Journal] = []
    for journal in sorted(journals, key=lambda journal: _shard(journal.journal_id)):
        grown = [*batch, journal]
        another_shard = bool(batch) and _shard(batch[0].journal_id) != _shard(journal.journal_id)
        too_many = len(grown) > _JOURNALS_PER_TRANSACTION
        size = len(grown) + len(_sums(grown)) + len(company_days.places_of(grown))
        if batch and (another_shard or too_many or size > operations.TRANSACTION_LIMIT):
            yield batch
            grown = [journal]
        batch = grown
    if batch:
        yield batch


def _count(journals: Sequence[Journal]) -> None:
    pending = list(journals)
    while pending:
        marks = [
            operations.change(
                keys.money.journal(journal.journal_id),
                [Journal.counted.set(True)],
                Journal.pk.exists() & Journal.counted.does_not_exist(),
            )
            for journal in pending
        ]
        try:
            operations.commit(*marks, *_additions(pending), *company_days.additions(pending))
        except operations.ConditionFailed as failure:
            pending = [journal for place, journal in enumerate(pending) if place not in failure.failures]
        else:
            count("MoneyMoved", _moved(pending), by="account")
            return


def _moved(journals: Sequence[Journal]) -> Counter[str]:
    """Return what journals add to each kind of account in a currency, in minor units, such as `payable PKR`."""
    moved: Counter[str] = Counter()
    for journal in journals:
        for entry in journal.entries:
            moved[f"{entry['account'].partition(':')[0]} {journal.currency}"] += int(entry["amount"])
    return moved


def _additions(journals: Sequence[Journal]) -> list[operations.Write]:
    accounts = {
        keys.money.account_total(entry["account"], _shard(journal.journal_id), journal.currency): (
            entry["account"],
            journal.currency,
        )
        for journal in journals
        for entry in journal.entries
    }
    return [
        operations.change(
            place,
            [
                AccountTotal.kind.set(AccountTotal),
                AccountTotal.account.set(accounts[place][0]),
                AccountTotal.currency.set(accounts[place][1]),
                AccountTotal.amount.add(amount),
            ],
        )
        for place, amount in _sums(journals).items()
    ]
