"""A table that is rebuilt after a history equals the one that the stream had kept."""

from typing import Any

from chalicelib.table import operations
from infra.rebuild import comparing, rebuilding
from infra.rebuild.__main__ import PASSES
from infra.rebuild.resetting import Reset
from infra.rebuild.walk import Progress, Walk
from tests.domain.histories.world import require
from tests.support import cloud

_TABLE, _KEPT = "gatehouse", "gatehouse-kept"


def check() -> None:
    """Require that a rebuild of the table makes what is there; the table is the rebuilt one afterwards."""
    client: Any = operations.client()
    cloud.create_table(client, _KEPT)
    found: list[dict[str, Any]] = []
    _walk(_TABLE).run("read", found.extend)
    for raw in found:
        client.put_item(TableName=_KEPT, Item=raw)
    passes = PASSES["whole"]
    rebuilding.rebuild(_walk(_TABLE), Progress(None, passes=passes, of=_TABLE), passes=passes, reset=Reset())
    differing = list(comparing.differences(comparing.read(_walk(_KEPT)), comparing.read(_walk(_TABLE))))
    require(not differing, "a rebuilt table equals the one that the stream kept", differing)


def _walk(table: str) -> Walk:
    return Walk(operations.client(), table, segments=1, threads=1, units=10**9)
