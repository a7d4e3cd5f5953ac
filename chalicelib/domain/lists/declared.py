"""Every declared list."""

from chalicelib.domain.lists.attendance import APPEALS, ATTENDANCE
from chalicelib.domain.lists.audit_entries import AUDIT_ENTRIES
from chalicelib.domain.lists.campus import CAMPUS_MOVED, CAMPUS_USERS
from chalicelib.domain.lists.campus_events import CAMPUS_EVENTS
from chalicelib.domain.lists.cards import CARD_REQUESTS, CARDS
from chalicelib.domain.lists.customers import CUSTOMERS
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.devices import DEVICES
from chalicelib.domain.lists.disputes import DISPUTES, REFUND_REQUESTS
from chalicelib.domain.lists.events import EDIT_REQUESTS, EVENTS
from chalicelib.domain.lists.finance import DEPOSITS, EXPENSES, WITHDRAWALS
from chalicelib.domain.lists.incidents import INCIDENTS
from chalicelib.domain.lists.leftovers import LEFTOVERS
from chalicelib.domain.lists.payouts import PAYOUTS, SETTLEMENTS
from chalicelib.domain.lists.tickets import TICKETS
from chalicelib.domain.lists.users import USERS
from chalicelib.domain.lists.venues import VENUES

LISTS: tuple[AnyList, ...] = (
    VENUES,
    USERS,
    EVENTS,
    EDIT_REQUESTS,
    DISPUTES,
    REFUND_REQUESTS,
    TICKETS,
    INCIDENTS,
    SETTLEMENTS,
    PAYOUTS,
    CUSTOMERS,
    CARDS,
    CARD_REQUESTS,
    LEFTOVERS,
    AUDIT_ENTRIES,
    EXPENSES,
    DEPOSITS,
    WITHDRAWALS,
    DEVICES,
    CAMPUS_EVENTS,
    ATTENDANCE,
    APPEALS,
    CAMPUS_USERS,
    CAMPUS_MOVED,
)
