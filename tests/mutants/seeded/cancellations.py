"""Bugs of cancellations: money that is given back twice or never, without the right code, sum or second person."""

from tests.mutants.seeded.mutant import Mutant

_CANCEL = "chalicelib/domain/cancellations/cancellations.py"
_RUNS = "chalicelib/domain/cancellations/runs.py"
_EDITS = "chalicelib/domain/organizers/event_edits.py"
_DOOR = "tests/portals/admin/test_cancellations.py"
_EVENTS = "tests/portals/admin/test_events.py"

MUTANTS = (
    Mutant(
        name="cancelled-for-another-sum",
        bug="a sum that has changed since the preview is given back unseen",
        file=_CANCEL,
        before="    if expected != preview.total:\n",
        after="    if expected.currency != preview.total.currency:\n",
        tests=(_DOOR,),
    ),
    Mutant(
        name="own-cancellation-confirmed",
        bug="who asked for a large cancellation confirms it alone",
        file=_CANCEL,
        before="        second_person.require_other(asked_by=waiting.asked_by, by=by)\n",
        after="",
        tests=(_DOOR,),
    ),
    Mutant(
        name="cancellation-complete-while-refunds-wait",
        bug="a run ends while its provider still owes refunds",
        file=_RUNS,
        before="    if is_settled and not waits:\n",
        after="    if is_settled:\n",
        tests=(_DOOR,),
    ),
    Mutant(
        name="stale-sale-refunded-by",
        bug="a refund is tried again by the sale that its slice read, although it has changed",
        file="chalicelib/domain/cancellations/withdrawals.py",
        before="                sale = None\n",
        after="",
        tests=(_DOOR,),
    ),
    Mutant(
        name="price-changes-after-sales",
        bug="a category that was sold gets another price",
        file=_EDITS,
        before="            _require_unsold(category, price)\n",
        after="",
        tests=(_EVENTS,),
    ),
    Mutant(
        name="customers-of-a-cancelled-event-forgotten",
        bug="who lost the last ticket by a cancellation is not notified of it",
        file="chalicelib/domain/customers/visits.py",
        before="is_listed = bool(after) or (",
        after="is_listed = bool(after) and (",
        tests=(_DOOR,),
    ),
    Mutant(
        name="booking-given-back-still-charged",
        bug="the payment of a booking that was given back stays open at its provider",
        file="chalicelib/domain/payments/payments.py",
        before="        if payment.status not in OPEN or not payment.is_due:\n",
        after="        if True:\n",
        tests=("tests/portals/webapp/test_given_back.py",),
    ),
)
