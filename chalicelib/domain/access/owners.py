"""The owners: active members of staff with every permission. One of them always remains.

One item holds their ids. It changes in the transaction that makes or unmakes an owner, so two owners who remove each
other at once cannot both succeed.
"""

from pynamodb.expressions.condition import size

from chalicelib.errors import InvalidState
from chalicelib.table import keys, operations
from chalicelib.table.items import StaffOwners
from chalicelib.table.operations import Write


def joined(account_id: str) -> Write:
    """Return the write by which a member of staff becomes an owner."""
    return operations.change(
        keys.access.staff_owners(),
        [StaffOwners.kind.set(StaffOwners), StaffOwners.owner_ids.add({account_id})],
    )


def left(account_id: str) -> Write:
    """Return the write by which an owner ceases to be one; it fails for the last owner, see `is_last`."""
    others = (size(StaffOwners.owner_ids) > 1) | ~StaffOwners.owner_ids.contains(account_id)
    return operations.change(
        keys.access.staff_owners(),
        [StaffOwners.owner_ids.delete({account_id})],
        StaffOwners.owner_ids.exists() & others,
    )


def is_last() -> InvalidState:
    """Return the refusal to remove the last owner."""
    return InvalidState("This is the last active super_admin. Give another member of staff that role first.")
