"""The rows of lists that show what their items do not have: users' e-mail addresses, and settlements' own ids."""

from collections.abc import Sequence

from chalicelib.domain.access import users
from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.domain.exports import list_rows
from chalicelib.domain.lists.payouts import SETTLEMENTS
from chalicelib.domain.lists.users import USERS
from chalicelib.domain.payouts import settlements
from chalicelib.table.items import Account, Settlement


def _user_rows(found: Sequence[Account]) -> list[list[Cell]]:
    details = users.details_of(found)
    emails = [users.email_of(account, details.get(account.account_id)) for account in found]
    return [list_rows.plain(USERS, account, email=email) for account, email in zip(found, emails, strict=True)]


def _settlement_rows(found: Sequence[Settlement]) -> list[list[Cell]]:
    return [list_rows.plain(SETTLEMENTS, each, id=settlements.settlement_id_of(each.event_id)) for each in found]


SHOWN_ROWS = (
    list_rows.source_of(USERS, show=_user_rows),
    list_rows.source_of(SETTLEMENTS, show=_settlement_rows),
)
