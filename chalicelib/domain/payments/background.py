"""The stream followers of payments, and their part of the sweep."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.payments import cleared, disputes, invoices, reconciliation, reconciliations, refunds
from chalicelib.domain.sweep import SweepEnd, SweepTaker

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
    "rfd_": refunds.pay_back_due,
}
SWEEP_ENDS: dict[str, SweepEnd] = {"pay_": reconciliation.give_up}
