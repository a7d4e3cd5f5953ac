"""Invite codes: each has an organization, a generation, an end and a number of uses.

A code contains its organization's id and a generation number, authenticated by a MAC. It is not stored and can be shown
again at any time. Rotation increments the generation, so former codes become invalid. End and uses are stored with the
organization, and checked in the transaction of a registration.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action
from ulid import ULID

from chalicelib import clock
from chalicelib.clients.secrets import SESSIONS
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.identifiers import ulid_of
from chalicelib.table import keys, operations
from chalicelib.table.items import Organization
from chalicelib.table.operations import Write

PREFIX = "ogn"
DAYS, USES = 7, 10
_PURPOSE = "invite code"
_MAC_BYTES = 12
_GENERATION_BYTES = 2
_CODE_BYTES = 16 + _GENERATION_BYTES + _MAC_BYTES


class Invitation(Struct, frozen=True):
    """What a code names: an organization, and how often its code had been changed."""

    organization_id: str
    generation: int


def read(code: str) -> Invitation:
    """Return what a genuine code names. Raises ValidationFailed."""
    try:
        raw = base64.b32decode(code.strip().upper())
    except (binascii.Error, ValueError) as error:
        raise refusal() from error
    content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(raw) != _CODE_BYTES or not _is_genuine(content, mac):
        raise refusal()
    organization_id = f"{PREFIX}_{ULID.from_bytes(content[:-_GENERATION_BYTES])}"
    return Invitation(organization_id, int.from_bytes(content[-_GENERATION_BYTES:]))


def spending(invitation: Invitation) -> Write:
    """Return the write that adds a member by a code. It fails for an invalid code and a full organization."""
    of_code = (Organization.invite_generation == invitation.generation) & (Organization.invite_uses > 0)
    in_time = Organization.invite_expires_at > clock.now()
    has_room = Organization.members < Organization.max_users
    return operations.change(
        keys.organizations.organization(invitation.organization_id),
        [Organization.members.add(1), Organization.invite_uses.add(-1)],
        of_code & in_time & has_room,
    )


def rotation(*, days: int = DAYS, uses: int = USES) -> Sequence[Action]:
    """Return the changes of an organization that make its code another one."""
    return [
        Organization.invite_generation.add(1),
        Organization.invite_expires_at.set(expiry(days)),
        Organization.invite_uses.set(uses),
    ]


def expiry(days: int = DAYS) -> datetime:
    """Return when a code of now ends."""
    return clock.now() + timedelta(days=days)


def code(organization: Organization) -> str | None:
    """Return the invite code of an organization, or None after its end or its last use. Raises NotFound."""
    if clock.now() >= organization.invite_expires_at or organization.invite_uses <= 0:
        return None
    ulid = ulid_of(organization.organization_id)
    if ulid is None:
        raise NotFound
    content = ulid.bytes + organization.invite_generation.to_bytes(_GENERATION_BYTES)
    return base64.b32encode(content + _mac(SESSIONS.current(_PURPOSE), content)).decode()


def refusal() -> ValidationFailed:
    """Return the refusal of a code that invites nobody."""
    message = "is no invitation, or one that was withdrawn or used up, or is over; ask an admin for the present code"
    return ValidationFailed(details=[{"field": "invite_code", "message": message}])


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()[:_MAC_BYTES]


def _is_genuine(content: bytes, mac: bytes) -> bool:
    return _was_made(content, mac) or (SESSIONS.read_again() and _was_made(content, mac))


def _was_made(content: bytes, mac: bytes) -> bool:
    genuine = [hmac.compare_digest(_mac(key, content), mac) for key in SESSIONS.candidates(_PURPOSE)]
    return any(genuine)
