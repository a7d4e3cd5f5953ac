"""The list of users whom staff manage: organizers, merchants, ushers and members of staff."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.domain.lists.numbers import number_texts, with_whole_number
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus, UserType

_TYPES = frozenset(UserType)

USERS = ListOf(
    name="users",
    item=Account,
    id_name="account_id",
    only=lambda account: account.portal.value in _TYPES,
    orderings={
        "created_at": Ordering(lambda account: account.created_at),
        "name": Ordering(lambda account: account.name, str),
    },
    filters={
        "type": Filter(lambda account: account.portal.value, UserType),
        "status": Filter(lambda account: account.status, AccountStatus),
        "verified": Filter(lambda account: account.verified_at is not None, bool),
        "event_id": Filter(lambda account: [str(each) for each in account.event_ids or []]),
    },
    indexes=(("type",), ("event_id",)),
    reads_search=with_whole_number,
    # Partners log in with their number.
    texts=lambda account: (account.name, account.login, *number_texts(account.login)[1:], account.email),
    columns=("login", "mobile_number", "email", "role", "roles", "verified_at"),
)
