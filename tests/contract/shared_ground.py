"""The ground that the modules of a worker share: created once, and put back for each of them as it was.

moto's items are never changed in place (`tests/support/moto_copies.py`), so a copy of its dictionaries keeps them.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models.table import Table

from chalicelib import clock
from chalicelib.config import config
from tests.contract.ground import Ground, lay
from tests.support import cloud
from tests.support.caches import forget_caches

# Its access tokens live 15 minutes, and a module on a busy machine takes some of them.
_LIVES = timedelta(minutes=4)


@dataclass(frozen=True)
class _Laid:
    """What was in the cloud when the ground was new."""

    ground: Ground
    at: datetime
    items: dict[Any, dict[Any, Any]]
    records: list[Any]
    files: dict[str, Any]


_kept: list[_Laid] = []


@contextmanager
def cloud_with_ground() -> Iterator[Ground]:
    """Yield the demo event and another one, with every right and wrong caller, on a cloud of moto."""
    with mock_aws():
        forget_caches()
        cloud.create_on_moto(cloud.MASTER_SECRET)
        yield _ground()
    forget_caches()


def _ground() -> Ground:
    now = clock.now()
    if _kept and abs(now - _kept[-1].at) < _LIVES:
        _put_back(_kept[-1])
    else:
        _kept[:] = [_keep(lay(), now)]
    # Its sessions and their tokens are of one module.
    return replace(_kept[-1].ground, _access={})


def _keep(ground: Ground, now: datetime) -> _Laid:
    table = _table()
    assert table.stream_shard is not None
    items = {key: dict(ranges) for key, ranges in table.items.items()}
    return _Laid(ground, now, items, list(table.stream_shard.items), copy.deepcopy(_files()))


def _put_back(laid: _Laid) -> None:
    table = _table()
    assert table.stream_shard is not None
    table.items = defaultdict(dict, {key: dict(ranges) for key, ranges in laid.items.items()})
    table.stream_shard.items = list(laid.records)
    _files().update(copy.deepcopy(laid.files))


def _table() -> Table:
    found: Table = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[config().table_name]
    return found


def _files() -> dict[str, Any]:
    """Return moto's buckets by name."""
    found: dict[str, Any] = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets
    return found
