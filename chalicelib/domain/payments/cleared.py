"""What cleared at each provider, by day: a row of every movement on a provider's account, written by the stream.

A row costs one write unit after the answer, and no sale waits for it.
"""

from collections.abc import Iterable, Sequence

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.ledger import account_names
from chalicelib.domain.payments import providers, reconciliations
from chalicelib.table import keys, operations
from chalicelib.table.items import ClearedMoney, Journal


@follows(Wanted(Journal, only_new=True, unless=Journal.counted))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Write the rows of new movements, and have their days reconciled; idempotent."""
    journals = {c.after.journal_id: c.after for c in changes if isinstance(c.after, Journal) and c.before is None}
    count = write(journals.values())
    for day in {journal.posted_at.date() for journal in journals.values()} if count else ():
        reconciliations.schedule(day)
    return []


def write(journals: Iterable[Journal]) -> int:
    """Write the rows of movements, and return how many there are; idempotent."""
    return operations.put_many(row for journal in journals for row in _rows(journal))


def _rows(journal: Journal) -> list[ClearedMoney]:
    day = journal.posted_at.date().isoformat()
    return [
        ClearedMoney(
            *keys.reconciliation.cleared(provider, day, journal.journal_id),
            journal_id=journal.journal_id,
            type=journal.type,
            payment_id=journal.references.get("payment_id"),
            payout_key=journal.references.get("payout_key"),
            amount=-int(entry["amount"]),
            currency=journal.currency,
        )
        for entry in journal.entries
        for provider in providers.NAMES
        if entry["account"] == account_names.clearing(provider)
    ]
