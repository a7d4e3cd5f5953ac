"""Users of the portals as staff see them: organizers, merchants, ushers and members of staff."""

from contextlib import suppress

from chalicelib import clock
from chalicelib.domain.access import accounts
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.errors import InvalidState
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary import Portal

# Portals whose accounts staff check, before a payout or stock.
_CHECKED = (Portal.ORGANIZER, Portal.MERCHANT)


def verify(user_id: str, *, by: str) -> Account:
    """Mark an organizer or a merchant as checked by a member of staff. Idempotent: the first check stays.

    Raises NotFound, InvalidState (another kind of user).
    """
    account = accounts.get(user_id)
    if account.portal not in _CHECKED:
        raise InvalidState(f"Only organizers and merchants are verified; this is a user of {account.portal}.")
    if account.verified_at is not None:
        return account
    now = clock.now()
    change = operations.change(
        account.place,
        [Account.verified_at.set(now), Account.verified_by.set(by), Account.version.add(1)],
        Account.pk.exists() & Account.verified_at.does_not_exist(),
    )
    subject = AuditSubject("user", user_id, before={"verified_at": None}, after={"verified_at": clock.to_text(now)})
    # Where it fails, another check was first, or an earlier try of this one.
    with suppress(operations.ConditionFailed):
        acts.commit(change, subject=subject)
    return accounts.get(user_id)
