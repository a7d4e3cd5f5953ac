"""The list of customers."""

from chalicelib import phone_numbers
from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
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
    # A number is found from its beginning in either form.
    texts=lambda account: (
        account.name,
        account.mobile_number,
        phone_numbers.national(account.mobile_number) if account.mobile_number else None,
        account.email,
    ),
)
