"""Bodies of the ushers' portal: the records of scans that were decided without the network."""

from typing import Annotated

from pydantic import Field

from chalicelib.schemas.records import RecordIn, SenderIn, SentRecord
from chalicelib.schemas.wire import Instant

# One call of so many takes 4 s at most; the gateway ends it after 29 s (AWS limit).
MAX_LOGS = 500


class SyncLogsIn(SenderIn):
    """Records in any order; `device_time` is the phone's clock now, which corrects their times."""

    logs: Annotated[list[SentRecord], Field(min_length=1, max_length=MAX_LOGS)]


class ScanLogIn(RecordIn):
    """One record; `device_time` is the phone's clock now. Without it, that clock counts as right."""

    device_time: Instant | None = None
