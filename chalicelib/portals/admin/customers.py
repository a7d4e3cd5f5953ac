"""The staff's portal: customers."""

from typing import Any, cast

from chalice import Blueprint
from pydantic import Field, create_model

from chalicelib import errors
from chalicelib.domain.customers import customer_records
from chalicelib.domain.lists.customers import CUSTOMERS
from chalicelib.domain.money import Money
from chalicelib.domain.personal_data import erasures, exports
from chalicelib.domain.sale import bookings
from chalicelib.domain.sale.bookings import ListedBooking
from chalicelib.portals.http.auth import MANAGERS, PEOPLE_READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import customers as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import Day, Instant, MoneyOut, PageOut
from chalicelib.vocabulary.access import AccountStatus

bp = Blueprint(__name__)
_BASE = "/api/customers"
_ONE = f"{_BASE}/{{customer_id}}"


def _list_query() -> type[ListIn]:
    """Return the query of the list; the contract names its range without `_at`."""
    fields: dict[str, Any] = {
        "created_at_from": (Instant | Day | None, Field(None, alias="created_from")),
        "created_at_to": (Instant | Day | None, Field(None, alias="created_to")),
    }
    made = create_model(
        f"{CUSTOMERS.name.capitalize()}In",
        __base__=list_query(CUSTOMERS),
        __doc__="A page of the list of customers.",
        **fields,
    )
    return cast("type[ListIn]", made)


_LIST = _list_query()


def _listed_out(account: Any) -> schema.ListedCustomerOut:
    return schema.ListedCustomerOut(
        id=account.account_id,
        name=account.name,
        mobile_number=account.mobile_number,
        email=account.email,
        labels=[str(label) for label in account.labels or []],
        status=account.status,
        created_at=account.created_at,
        version=account.version,
    )


def _booking_out(booking: ListedBooking) -> schema.ListedBookingOut:
    order = booking.order
    return schema.ListedBookingOut(
        id=order.order_id,
        status=booking.status,
        event_id=order.event_id,
        event_title=booking.event_title,
        items=[
            schema.BookedCategoryOut(
                category_id=item["category_id"],
                name=item["name"],
                quantity=item["quantity"],
                price=MoneyOut.read(Money(item["price"], order.currency)),
            )
            for item in order.items
        ],
        ticket_ids=[line["ticket_id"] for line in order.tickets],
        total=MoneyOut.read(Money(order.total, order.currency)),
        payment_id=order.payment_id,
        card_id=order.card_id,
        created_at=order.created_at,
        expires_at=order.expires_at,
        closed_at=order.closed_at,
    )


@list_door(
    bp,
    CUSTOMERS,
    Route(
        "GET",
        _BASE,
        guard=PEOPLE_READERS,
        query=_LIST,
        reply=PageOut[schema.ListedCustomerOut],
        links=(
            Link("admin_customer", {"customer_id": "/results/0/id"}),
            Link("admin_customer_status", {"customer_id": "/results/0/id"}),
            Link("admin_customer_bookings", {"customer_id": "/results/0/id"}),
            Link("admin_export_customer", {"customer_id": "/results/0/id"}),
            Link("admin_erase_customer", {"customer_id": "/results/0/id"}),
            Link("admin_customers", {"cursor": "/next"}),
        ),
    ),
)
def admin_customers(call: Call[None, ListIn]) -> PageOut[schema.ListedCustomerOut]:
    """List customers; a search finds names, numbers and e-mail addresses."""
    return PageOut.of(list_page(CUSTOMERS, call), _listed_out)


@door(
    bp,
    Route(
        "GET",
        _ONE,
        guard=PEOPLE_READERS,
        reply=schema.CustomerOut,
        refuses=(errors.NotFound,),
        links=(
            Link("admin_change_customer", {"customer_id": "/id"}, {"version": "/version"}),
            Link("admin_customer_bookings", {"customer_id": "/id"}),
        ),
    ),
)
def admin_customer(call: Call[None, None]) -> schema.CustomerOut:
    """Show a customer."""
    return schema.CustomerOut.read(customer_records.get(call.path["customer_id"]))


@door(
    bp,
    Route(
        "PUT",
        _ONE,
        guard=MANAGERS,
        body=schema.CustomerIn,
        reply=schema.CustomerOut,
        audited="customer.change",
        refuses=(errors.NotFound, errors.Conflict, errors.AlreadyExists, errors.InvalidState),
    ),
)
def admin_change_customer(call: Call[schema.CustomerIn, None]) -> schema.CustomerOut:
    """Correct a customer's data; another number moves their log-in."""
    changes = call.body.model_dump(exclude_unset=True, exclude={"version"})
    record = customer_records.change(call.path["customer_id"], changes, version=call.body.version)
    return schema.CustomerOut.read(record)


@door(
    bp,
    Route(
        "PUT",
        f"{_ONE}/status",
        guard=MANAGERS,
        body=schema.CustomerStatusIn,
        reply=schema.CustomerOut,
        audited="customer.status",
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def admin_customer_status(call: Call[schema.CustomerStatusIn, None]) -> schema.CustomerOut:
    """Activate, suspend or block a customer; sessions end at once."""
    status = AccountStatus(call.body.status)
    return schema.CustomerOut.read(
        customer_records.set_status(call.path["customer_id"], status, reason=call.body.reason)
    )


@door(
    bp,
    Route(
        "GET",
        f"{_ONE}/bookings",
        guard=PEOPLE_READERS,
        query=schema.BookingsIn,
        reply=PageOut[schema.ListedBookingOut],
        refuses=(errors.NotFound,),
        links=(Link("admin_customer_bookings", {"cursor": "/next"}),),
    ),
)
def admin_customer_bookings(call: Call[None, schema.BookingsIn]) -> PageOut[schema.ListedBookingOut]:
    """List a customer's bookings, newest first."""
    query = call.query
    page = bookings.page(
        call.path["customer_id"], caller_id=call.principal.id, page_size=query.page_size, cursor=query.cursor
    )
    return PageOut.of(page, _booking_out)


@door(
    bp,
    Route(
        "GET",
        f"{_ONE}/export",
        guard=MANAGERS,
        reply=schema.PersonalExportOut,
        audited="customer.export",
        refuses=(errors.NotFound, errors.InvalidState),
        links=(Link("show_job", {"job_id": "/job_id"}),),
    ),
)
def admin_export_customer(call: Call[None, None]) -> schema.PersonalExportOut:
    """Start an export of everything that is known of a customer; again, show its file."""
    started = exports.begin(call.path["customer_id"], by=call.principal.id, operation_id=call.operation_id)
    return schema.PersonalExportOut.read(started)


@door(
    bp,
    Route(
        "DELETE",
        _ONE,
        guard=MANAGERS,
        query=schema.ErasureIn,
        reply=schema.ErasureOut,
        status=202,
        audited="customer.erase",
        refuses=(errors.NotFound, errors.Conflict),
        links=(Link("show_job", {"job_id": "/job_id"}),),
    ),
)
def admin_erase_customer(call: Call[None, schema.ErasureIn]) -> schema.ErasureOut:
    """Erase a customer's personal data and keep the books; `force` gives tickets and money back first."""
    started = erasures.begin(
        call.path["customer_id"],
        force=call.query.is_forced,
        by=call.principal.id,
        role=call.principal.claims["role"],
    )
    return schema.ErasureOut.read(started)
