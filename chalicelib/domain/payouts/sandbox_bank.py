"""The sandbox bank: sends no money, and keeps its own records in the table as a real provider would.

The last two digits of the IBAN select what happens, as the token of a card does for payments: `91` loses the first
answer after the transfer was accepted, `92` fails, `93` is pending until it is looked at, `94` is declined. All others
are paid at once. `set_available` limits what can be paid.
"""

from contextlib import suppress

from chalicelib import clock
from chalicelib.clients.providers import BalanceTooLow, Declined, Payee, Sent, Transfer, TransferStatus
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import SandboxBank, SandboxPayout
from chalicelib.table.operations import Write

NAME = "sandbox"
TIMES_OUT, FAILS, PENDS, DECLINES = "91", "92", "93", "94"
_REASON = "account_closed"
_STATUSES = {FAILS: TransferStatus.FAILED, PENDS: TransferStatus.PENDING}


class SandboxPayouts:
    """The bank `sandbox`."""

    def receiver(self, payee: Payee) -> str | None:  # noqa: ARG002  # the Protocol's signature
        """Return None: it pays to any IBAN."""
        return None

    def send(self, transfer: Transfer) -> Sent:
        """Pay as the IBAN says. Raises Declined, BalanceTooLow, Unavailable (after the transfer was accepted)."""
        known = self.find(transfer.key)
        if known is not None:
            return known
        ending = transfer.iban[-2:]
        if ending == DECLINES:
            raise Declined("invalid_account")
        status = _STATUSES.get(ending, TransferStatus.PAID)
        made = SandboxPayout(
            *keys.money.sandbox_payout(transfer.key),
            gsi2=keys.reconciliation.sandbox_day(clock.now().date().isoformat(), transfer.key),
            key=transfer.key,
            amount=transfer.amount,
            currency=transfer.currency,
            status=status,
        )
        try:
            operations.commit(
                operations.put(made, SandboxPayout.pk.does_not_exist()),
                *(() if status is TransferStatus.FAILED else _taken(transfer)),
            )
        except operations.ConditionFailed as failure:
            found = failure.found(SandboxPayout)
            if found is None:
                raise BalanceTooLow from failure
            return _sent(found)
        if ending == TIMES_OUT:
            raise Unavailable("The bank did not answer in time. Try again.", retry_after=1)
        return _sent(made)

    def find(self, key: str) -> Sent | None:
        """Return a transfer; one that is pending is paid by being looked at."""
        place = keys.money.sandbox_payout(key)
        found = operations.get(place)
        if found is not None and found.status == TransferStatus.PENDING:
            with suppress(operations.ConditionFailed):
                paid = [SandboxPayout.status.set(TransferStatus.PAID)]
                operations.record(operations.change(place, paid, SandboxPayout.status == TransferStatus.PENDING))
            found = operations.get(place)
        return _sent(found) if found else None


def set_available(minor: int, currency: str) -> None:
    """Limit what the bank can still pay in a currency, in minor units."""
    operations.record(operations.put(SandboxBank(*keys.money.sandbox_bank(currency), available=minor)))


def bounce(key: str) -> None:
    """Return a paid transfer, as a bank does some days later with one to a closed account. For tests and demos."""
    returned = [SandboxPayout.status.set(TransferStatus.FAILED)]
    was_paid = SandboxPayout.status == TransferStatus.PAID
    operations.record(operations.change(keys.money.sandbox_payout(key), returned, was_paid))


def _taken(transfer: Transfer) -> list[Write]:
    """Return the write that takes a transfer from what the bank can pay, where that is limited."""
    place = keys.money.sandbox_bank(transfer.currency)
    if operations.get(place) is None:
        return []
    left = [SandboxBank.available.add(-transfer.amount)]
    return [operations.change(place, left, SandboxBank.available >= transfer.amount)]


def _sent(made: SandboxPayout) -> Sent:
    status = TransferStatus(made.status)
    reason = _REASON if status is TransferStatus.FAILED else None
    return Sent(reference=f"sbp_{made.key}", status=status, failure_reason=reason)
