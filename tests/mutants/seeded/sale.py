"""Bugs of the sale: reservations, their time limit, and their end."""

from tests.mutants.seeded.mutant import Mutant

_ORDERS = "tests/domain/sale/test_orders.py"
_BOOKING = "tests/portals/webapp/test_booking.py"

MUTANTS = (
    Mutant(
        name="stock-condition-dropped",
        bug="a shard sells more than it has",
        file="chalicelib/domain/events/stock.py",
        before="            source >= quantity,\n",
        after="            source.exists(),\n",
        tests=(f"{_BOOKING}::test_sold_out_says_of_which_category_how_many_are_left_and_changes_nothing",),
    ),
    Mutant(
        name="taken-shards-not-recorded",
        bug="an order gives back to other shards than it took from",
        file="chalicelib/domain/sale/orders.py",
        before="        order.items = _with_shards(order, taken)\n        try:\n",
        after="        try:\n",
        tests=(f"{_ORDERS}::test_an_order_expires_when_its_time_is_over_and_not_before",),
    ),
    Mutant(
        name="order-close-condition-dropped",
        bug="an order is paid twice, or paid and expired",
        file="chalicelib/domain/sale/orders.py",
        before="actions, Order.status == before)",
        after="actions, Order.status.exists())",
        tests=(
            f"{_ORDERS}::test_an_order_is_paid_only_once",
            f"{_ORDERS}::test_no_step_starts_from_another_status_than_its_own",
        ),
    ),
    Mutant(
        name="reservation-ends-late",
        bug="a reservation still holds at the moment its time is over",
        file="chalicelib/domain/sale/orders.py",
        before="order.status != OrderStatus.RESERVED or now < order.expires_at:",
        after="order.status != OrderStatus.RESERVED or now <= order.expires_at:",
        tests=(f"{_ORDERS}::test_an_order_expires_when_its_time_is_over_and_not_before",),
    ),
    Mutant(
        name="reservation-shown-late",
        bug="a reservation is shown as held at the moment its time is over",
        file="chalicelib/domain/sale/orders.py",
        before="order.expires_at <= clock.now():",
        after="order.expires_at < clock.now():",
        tests=(f"{_ORDERS}::test_an_order_expires_when_its_time_is_over_and_not_before",),
    ),
    Mutant(
        name="expired-tickets-left",
        bug="an order that expired leaves its tickets on its customer's shelf",
        file="chalicelib/domain/sale/orders.py",
        before="        *order_tickets.remove(order),\n",
        after="",
        tests=(f"{_ORDERS}::test_an_order_expires_when_its_time_is_over_and_not_before",),
    ),
    Mutant(
        name="per-order-limit-exceeded",
        bug="an order may hold one ticket more than the category allows",
        file="chalicelib/domain/sale/rules.py",
        before="if not 1 <= want.quantity <= limit:",
        after="if not 1 <= want.quantity <= limit + 1:",
        tests=(f"{_BOOKING}::test_what_no_sale_could_serve_is_named_and_changes_nothing",),
    ),
    Mutant(
        name="sales-end-included",
        bug="tickets are sold at the moment their sale ends",
        file="chalicelib/domain/sale/rules.py",
        before="at >= category.sales_end:",
        after="at > category.sales_end:",
        tests=(f"{_BOOKING}::test_nothing_is_sold_outside_the_sales_window",),
    ),
    Mutant(
        name="sales-start-excluded",
        bug="tickets are not sold yet at the moment their sale starts",
        file="chalicelib/domain/sale/rules.py",
        before="at < category.sales_start:",
        after="at <= category.sales_start:",
        tests=(f"{_BOOKING}::test_nothing_is_sold_outside_the_sales_window",),
    ),
    Mutant(
        name="ended-event-sold",
        bug="an event sells tickets at the moment it ends",
        file="chalicelib/domain/sale/rules.py",
        before="if event.ends_at <= at:",
        after="if event.ends_at < at:",
        tests=(f"{_BOOKING}::test_an_event_that_is_over_or_unknown_sells_nothing",),
    ),
    Mutant(
        name="anothers-dependent-named",
        bug="a ticket is made out to somebody else's dependent",
        file="chalicelib/domain/sale/orders.py",
        before="    if len(found) < len(named):\n",
        after="    if len(found) > len(named):\n",
        tests=(f"{_BOOKING}::test_a_holder_may_be_ones_own_dependent_and_nobody_elses",),
    ),
)
