"""The stream followers of payments, and their part of the sweep."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.sweep import SweepEnd, SweepTaker
from chalicelib.domain.payments import (
    cleared,
    disputes,
    invoices,
    reconciliation,
    reconciliations,
    refunds,
    repayments,
)

FOLLOWERS: tuple[Follower, ...] = (
    reconciliation.follow,
    invoices.follow,
    refunds.follow,
    disputes.follow,
    cleared.follow,
)
SWEEP_TAKERS: dict[str, SweepTaker] = {
    "pay_": reconciliation.reconcile,
    "rec_": reconciliations.take_due,
    "rfd_": repayments.pay_back_due,
}
SWEEP_ENDS: dict[str, SweepEnd] = {"pay_": reconciliation.give_up}
