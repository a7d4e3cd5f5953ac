"""The examples of the web app: money that is claimed by a link."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example

OPERATIONS: dict[str, Example] = {
    "customer_claim": Example(
        {"token": "what-stands-behind-the-hash-of-the-link-abc", "card_id": demo.CARD_UID},
        {
            "claim_id": f"clm_{ULID}",
            "card_id": CARD_ID,
            "amount": demo.money(50_000),
            "claimed_at": "2026-11-21T09:31:00.000Z",
        },
    )
}
