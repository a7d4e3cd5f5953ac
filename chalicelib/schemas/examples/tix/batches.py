"""The examples of Tix: batches of numbered tickets for sellers."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_FIRST, _COUNT, _BACK = 11, 10, 4
_PRICE = demo.BATCH_PRICE
_NUMBERS = {"prefix": demo.PREFIX, "from": _FIRST, "to": _FIRST + _COUNT - 1}
_RETURNED = [{"from": _FIRST + _COUNT - _BACK, "to": _FIRST + _COUNT - 1}]
_BATCH: dict[str, Any] = {
    "id": f"bat_{ULID}",
    "seller": demo.SELLER,
    **_NUMBERS,
    "count": _COUNT,
    "price": demo.money(_PRICE),
    "status": "open",
    "returned": [],
    "sold": _COUNT,
    "due": demo.money(_COUNT * _PRICE),
    "cash": None,
    "difference": None,
    "scanned_of_returned": 0,
    "created_at": "2026-11-20T13:00:00.000Z",
    "settled_at": None,
}
_OF_SHEET = demo.SHEET_COUNT - demo.BATCH_FIRST + 1
_STORED = {
    **_BATCH,
    "from": demo.BATCH_FIRST,
    "to": demo.SHEET_COUNT,
    "count": _OF_SHEET,
    "sold": _OF_SHEET,
    "due": demo.money(_OF_SHEET * _PRICE),
}
_SOLD = _COUNT - _BACK

OPERATIONS: dict[str, Example] = {
    "tix_batches": Example(None, page(_STORED)),
    "tix_create_batch": Example({"seller": demo.SELLER, **_NUMBERS, "price": demo.money(_PRICE)}, _BATCH),
    "tix_settle_batch": Example(
        {"returned": _RETURNED, "cash": demo.money((_SOLD - 1) * _PRICE)},
        {
            **_BATCH,
            "status": "settled",
            "returned": _RETURNED,
            "sold": _SOLD,
            "due": demo.money(_SOLD * _PRICE),
            "cash": demo.money((_SOLD - 1) * _PRICE),
            "difference": demo.money(-_PRICE),
            "settled_at": "2026-11-20T18:00:00.000Z",
        },
    ),
}
