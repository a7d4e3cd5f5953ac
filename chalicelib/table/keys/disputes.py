"""Keys of disputes."""

from chalicelib.table.items.disputes import Dispute, SandboxDispute
from chalicelib.table.places import Place, joined


def dispute(dispute_id: str) -> Place[Dispute]:
    """Question 141."""
    return Place(Dispute, joined("DISPUTE", dispute_id), "DISPUTE")


def sandbox_dispute(reference: str) -> Place[SandboxDispute]:
    """Question 142."""
    return Place(SandboxDispute, joined("SANDBOX_DISPUTE", reference), "SANDBOX_DISPUTE")
