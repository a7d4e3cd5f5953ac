"""The caller's address where a distribution is in front of the API.

The gateway then sees the edge's address. The edge puts the caller's into a header, and proves itself by a secret in
another, which the gateway's stage knows too; what anybody else puts there is not believed.
"""

import hmac
from typing import Any

ADDRESS_HEADER = "x-gatehouse-viewer"
SECRET_HEADER = "x-gatehouse-edge"  # noqa: S105  # a header's name
# A variable of the gateway's stage, which it adds to every request.
SECRET_VARIABLE = "edgeSecret"  # noqa: S105  # as above
# The longest form of an IPv6 address.
_LONGEST = 45


def viewer(event: Any) -> str | None:
    """Return the address that the edge names; None where the request did not come through it."""
    secret = (event.stage_vars or {}).get(SECRET_VARIABLE)
    given, address = event.headers.get(SECRET_HEADER), event.headers.get(ADDRESS_HEADER)
    if not secret or not given or not address or len(address) > _LONGEST:
        return None
    return str(address) if hmac.compare_digest(given.encode(), secret.encode()) else None
