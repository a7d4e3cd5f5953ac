"""The list of customers."""

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.domain.lists.numbers import number_texts, with_whole_number
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus, Portal

CUSTOMERS = ListOf(
    name="customers",
    item=Account,
    id_name="account_id",
    only=lambda account: account.portal == Portal.WEBAPP,
    orderings={
        "created_at": Ordering(lambda account: account.created_at),
        "name": Ordering(lambda account: account.name, str),
    },
    filters={"status": Filter(lambda account: account.status, AccountStatus)},
    indexes=(("status",),),
    reads_search=with_whole_number,
    texts=lambda account: (account.name, *number_texts(account.mobile_number), account.email),
    columns=("mobile_number", "email", "labels"),
)
