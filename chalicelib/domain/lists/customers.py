"""The list of customers."""

from chalicelib import phone_numbers, scanned_text
from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus, Portal


def _with_whole_number(search: str) -> str:
    """Return a search; a whole number in international form, such as `+92 (0)300 1234567`, as it is stored.

    One in national form may be of any country, and stays as it is.
    """
    dialled = scanned_text.phone_number(search)
    if not dialled.lstrip("( ").startswith(("+", "00")):
        return search
    try:
        return phone_numbers.e164(dialled)
    except phone_numbers.NumberRefused:
        return search  # a name, an address, or the beginning of a number


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
    reads_search=_with_whole_number,
    # A number is found from its beginning in either form.
    texts=lambda account: (
        account.name,
        account.mobile_number,
        phone_numbers.national(account.mobile_number) if account.mobile_number else None,
        account.email,
    ),
)
