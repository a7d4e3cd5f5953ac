"""Mobile numbers (E.164) as identities: look-up of customers, and the MACs that replace numbers in keys.

A number's MAC has a layer for each key of its secret: the MAC of version 2 is that of version 1, keyed again. So an
item is re-keyed without its number, which the table does not hold. While that runs, look-ups try both (D-SEC-72).
"""

import hashlib
import hmac
from collections.abc import Iterable

from chalicelib import clock
from chalicelib.clients.key_ring import EARLIER, RingKey
from chalicelib.clients.secrets import NUMBERS
from chalicelib.domain.access import accounts
from chalicelib.errors import Unavailable
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal

_NUMBER = "mobile number"


def find_by_number(mobile_number: str) -> Account | None:
    """Return the customer who proved this number (E.164)."""
    return accounts.find(Portal.WEBAPP, mobile_number)


def number_mac(mobile_number: str) -> str:
    """Return the keyed hash of a number for use in keys: deterministic, and not reversible without the secret."""
    return _layers(mobile_number)[index_version()]


def number_macs(mobile_number: str) -> list[str]:
    """Return the MACs under which items of a number may be: the present one, then those not yet re-keyed."""
    layers, present, oldest = _layers(mobile_number), index_version(), NUMBERS.ring().rekeyed_to
    others = [version for version in reversed(layers) if version >= oldest and version != present]
    return [layers[version] for version in (present, *others)]


def macs_of_gifts(mobile_number: str) -> list[str]:
    """Return the MACs under which gifts may wait for a number.

    Gifts of earlier releases are not in the index that re-keying reads, so their MAC is always among them.
    """
    earliest = _layers(mobile_number).get(EARLIER)
    found = number_macs(mobile_number)
    return found if earliest is None or earliest in found else [*found, earliest]


def all_macs(mobile_number: str) -> list[str]:
    """Return the MACs of a number under all keys there have been, the newest first."""
    return list(_layers(mobile_number).values())[::-1]


def index_version() -> int:
    """Return the version of the key under which items are written now. Raises Unavailable."""
    signing = NUMBERS.ring().signing(clock.now())
    if signing is None:
        raise Unavailable("The platform's secret has no key. Try again later.", retry_after=5)
    return signing.version


def rekeyed(mac: str, *, version: int) -> str:
    """Return the present MAC of an item whose MAC has an earlier version."""
    newer = [key for key in _keys() if version < key.version <= index_version()]
    return _keyed(mac, newer)


def _layers(mobile_number: str) -> dict[int, str]:
    """Return the MAC of each version, the oldest first."""
    keys = list(_keys())
    return {key.version: _keyed(mobile_number, keys[: n + 1]) for n, key in enumerate(keys)}


def _keys() -> Iterable[RingKey]:
    # Earlier releases kept one value more, which had no layer.
    return [key for key in reversed(NUMBERS.ring().keys) if key.version >= EARLIER]


def _keyed(text: str, keys: Iterable[RingKey]) -> str:
    for key in keys:
        text = hmac.new(NUMBERS.derive(key, _NUMBER), text.encode(), hashlib.sha256).hexdigest()[:32]
    return text
