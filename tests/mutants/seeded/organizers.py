"""Bugs of organizers: sums that count twice, refunds that are paid twice, changes without approval."""

from tests.mutants.seeded.mutant import Mutant

_SALES = "chalicelib/domain/sale/sales_totals.py"
_REFUNDS = "chalicelib/domain/payments/refunds.py"
_EDITS = "chalicelib/domain/organizers/edit_requests.py"
_RECOUNT = "tests/faults/test_analytics.py"
_REFUND = "tests/portals/organizer/test_refunds.py"
_EDIT_DOOR = "tests/portals/organizer/test_edit_requests.py"

MUTANTS = (
    Mutant(
        name="order-counted-again",
        bug="a paid order whose record comes twice is in the sales twice",
        file=_SALES,
        before="        fresh = Order.sales_counted.does_not_exist() & (Order.status == OrderStatus.PAID)\n",
        after="        fresh = Order.status == OrderStatus.PAID\n",
        tests=(_RECOUNT,),
    ),
    Mutant(
        name="refund-counted-again",
        bug="a refund whose record comes twice is taken off twice",
        file=_SALES,
        before="    fresh = RefundRequest.pk.exists() & RefundRequest.sales_counted.does_not_exist()\n",
        after="    fresh = RefundRequest.pk.exists()\n",
        tests=(_REFUND,),
    ),
    Mutant(
        name="stale-edit-approved",
        bug="a wish is applied to an event that has changed since",
        file=_EDITS,
        before="        if present.event.version != request.event_version:\n",
        after="        if request.event_version is None:\n",
        tests=(_EDIT_DOOR,),
    ),
    Mutant(
        name="used-ticket-refunded",
        bug="the money for a ticket that is used at that moment is given back",
        file="chalicelib/domain/payments/approved_refunds.py",
        before="gone, transfers.is_as_read(ticket)),",
        after="gone),",
        tests=(_REFUND,),
    ),
    Mutant(
        name="used-ticket-tried-again",
        bug="staff who refund a ticket that was used are told to try again, for ever",
        file=_REFUNDS,
        before="    deeds.require(deed, event, ticket)\n",
        after="",
        tests=(_REFUND,),
    ),
    Mutant(
        name="anothers-event-changed",
        bug="an organizer asks for a change of another's event",
        file="chalicelib/domain/organizers/organizer_events.py",
        before="keys.events.event(event_id))\n    if event is None or event.organizer_id != organizer_id:",
        after="keys.events.event(event_id))\n    if event is None:",
        tests=("tests/portals/organizer/test_isolation.py",),
    ),
    Mutant(
        name="large-picture-decoded",
        bug="a small file that decodes to hundreds of megabytes ends the function",
        file="chalicelib/domain/photos.py",
        before="        if image.width * image.height > most:\n",
        after="        if image.width * image.height > 2**62:\n",
        tests=("tests/domain/test_photos.py",),
    ),
    Mutant(
        name="given-up-name-written",
        bug="events bear a name that their organizer gave up while it was being written",
        file="chalicelib/domain/organizers/organizers.py",
        before="Account.name == account.name),",
        after="Account.pk.exists()),",
        tests=("tests/portals/organizer/test_names.py",),
    ),
)
