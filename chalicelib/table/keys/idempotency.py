"""Keys of idempotency: stored answers and completed operations."""

from chalicelib.table.items.idempotency import IdempotencyRecord, Operation
from chalicelib.table.places import Place, joined


def answer(mac: str) -> Place[IdempotencyRecord]:
    """Question 23."""
    return Place(IdempotencyRecord, joined("IDEMPOTENCY", mac), "IDEMPOTENCY")


def operation(operation_id: str) -> Place[Operation]:
    """Question 24."""
    return Place(Operation, joined("OPERATION", operation_id), "OPERATION")
