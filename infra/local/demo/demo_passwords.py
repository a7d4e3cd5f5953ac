"""The passwords of the demo log-ins (contract/local.md). They are apart from the examples, which are deployed."""

from collections.abc import Mapping

from chalicelib.vocabulary.access import Portal

ADMIN = "demo-Admin-2026"
CUSTOMER = "demo-Customer-2026"
ORGANIZER = "demo-Organizer-2026"
MERCHANT = "demo-Merchant-2026"
TIX = "demo-Tix-2026"
USHER = "demo-Usher-2026"
CAMPUS = "demo-Campus-2026"

OF_PORTALS: Mapping[Portal, str] = {
    Portal.ADMIN: ADMIN,
    Portal.WEBAPP: CUSTOMER,
    Portal.ORGANIZER: ORGANIZER,
    Portal.MERCHANT: MERCHANT,
    Portal.TIX: TIX,
    Portal.USHER: USHER,
    Portal.CAMPUS: CAMPUS,
}
