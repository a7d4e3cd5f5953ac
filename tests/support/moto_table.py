"""moto's table in the memory of this process: read, copied and restored without a request."""

import copy
import pickle
from typing import Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber

from chalicelib.config import config
from chalicelib.domain.events import shortages


def is_used() -> bool:
    """Whether requests of this process go to moto."""
    return bool(botocore_stubber.enabled)


def raws(*kinds: str) -> list[dict[str, Any]]:
    """Return all items of these kinds; moto takes ten times as long to answer a Scan as to find them."""
    items = [item for shelf in _table().items.values() for item in shelf.values()]
    return [copy.deepcopy(item.to_json()["Attributes"]) for item in items if item.attrs["kind"].value in kinds]


def snapshot() -> bytes:
    """Return all that is stored."""
    return pickle.dumps(_table().items)


def restore(stored: bytes) -> None:
    """Restore exactly the items that were stored; what the container noticed since is forgotten."""
    shortages.forget()
    _table().items = pickle.loads(stored)  # noqa: S301  # made by `snapshot` in this process


def _table() -> Any:
    return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[config().table_name]
