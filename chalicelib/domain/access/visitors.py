"""Where a request comes from, and the coarse part of it that a session keeps and its owner sees.

Nothing of the User-Agent is kept but words of this module. Of the address only the network is kept.
"""

import hashlib
import ipaddress

from msgspec import Struct

# The part of a User-Agent that is read, in characters.
_READ = 512
UNKNOWN_DEVICE = "Unknown device"
# The first token that a User-Agent contains names its client. Chrome's token is also in those of its relatives,
# Safari's in nearly all.
_CLIENTS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("okhttp/", "App"),
    ("CFNetwork/", "App"),
    ("Expo", "App"),
)
# Android names Linux too, and an iPhone names Mac OS X.
_SYSTEMS = (
    ("Android", "Android"),
    ("okhttp/", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("CFNetwork/", "iOS"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
# How much of an address is shown, and how much of it tells two places apart.
_SHOWN = {4: 24, 6: 64}
_PLACE = {4: 16, 6: 32}
_MARK_LENGTH = 12


class Visitor(Struct, frozen=True):
    """The address and the User-Agent of one request."""

    address: str
    user_agent: str | None = None

    @property
    def device(self) -> str:
        """The family of client and system, such as "Chrome on Android"."""
        text = (self.user_agent or "")[:_READ]
        client = next((name for token, name in _CLIENTS if token in text), None)
        system = next((name for token, name in _SYSTEMS if token in text), None)
        if client and system:
            return f"{client} on {system}"
        return client or system or UNKNOWN_DEVICE

    @property
    def address_hint(self) -> str | None:
        """The network of the address: the /24 of IPv4, the /64 of IPv6."""
        return self._network(_SHOWN)

    @property
    def mark(self) -> str:
        """What a known device is recognized by: its family and the wider network (IPv4 /16, IPv6 /32)."""
        place = f"{self.device}\x00{self._network(_PLACE)}"
        return hashlib.sha256(place.encode()).hexdigest()[:_MARK_LENGTH]

    def _network(self, lengths: dict[int, int]) -> str | None:
        try:
            parsed = ipaddress.ip_address(self.address)
        except ValueError:
            return None
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return str(ipaddress.ip_network(f"{parsed}/{lengths[parsed.version]}", strict=False))
