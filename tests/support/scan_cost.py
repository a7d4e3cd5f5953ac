"""The cost of a valid scan in DynamoDB: requests and write units before the answer, and after it.

Counted by the meter that `/_local/usage` shows, which is right about DynamoDB Local's transactional writes.
"""

import time
from dataclasses import dataclass

from infra.local.meter import Meter
from infra.local.seed import Seeded
from tests.support import ground
from tests.support.ground import Event, Kind


@dataclass(frozen=True, slots=True)
class Cost:
    """Per scan: `write_units` before the answer, `all_write_units` with the stream worker and the indexes."""

    requests: float
    read_units: float
    write_units: float
    all_write_units: float
    background_requests: float


class Till:
    """Scans tickets of an event in this process and adds up what they cost."""

    def __init__(self, event: Event, meter: Meter) -> None:
        """`meter` must have been attached before the first client was made."""
        from tests.support.streams import StreamReader

        self._event, self._meter = event, meter
        self._token = ground.log_in(event)
        self._stream = StreamReader()
        self._warm_at = float("-inf")

    def skip(self) -> None:
        """Leave what has happened so far out of the account."""
        while self._stream.read():
            pass

    def _warm(self) -> None:
        """Read what a container keeps for some seconds, outside of what is measured.

        It is the event with its lock-outs. A slow machine would else read it again in the middle of a measurement.
        """
        from chalicelib.domain.events import gate_control

        if time.monotonic() - self._warm_at > gate_control.REFRESH_SECONDS / 8:
            self._warm_at = time.monotonic()
            gate_control.control(self._event.event_id, fresh=True)

    def charge(self, kind: Kind, crowd: list[Seeded], *, batch_size: int) -> Cost:
        """Scan each of these tickets once, project the stream in batches, and return the cost of one scan."""
        from app import stream

        self._meter.reset()
        for one in crowd:
            body = ground.scan_body(kind, one, self._event)
            self._warm()
            with self._meter.request("scan"):
                answer = ground.ask(ground.SCAN_PATH, body, token=self._token)
            if answer["result"] != "valid":
                raise RuntimeError(f"a scan that should have been valid was answered {answer}")
        while records := self._stream.read():
            for start in range(0, len(records), batch_size):
                with self._meter.background("stream"):
                    stream({"Records": records[start : start + batch_size]}, None)
        report = self._meter.report()
        request, background = report["requests"]["scan"], report["background"]["stream"]
        count = len(crowd)
        return Cost(
            requests=request["dynamodb_requests"] / count,
            read_units=request["read_units"] / count,
            write_units=request["write_units"] / count,
            all_write_units=(request["write_units"] + background["write_units"]) / count,
            background_requests=background["dynamodb_requests"] / count,
        )

    def read(self, path: str, *, calls: int) -> tuple[float, float]:
        """Read a page so many times; return the requests and the read units of one time."""
        ground.ask(path, None, token=self._token)
        self._meter.reset()
        for _ in range(calls):
            self._warm()
            with self._meter.request("page"):
                ground.ask(path, None, token=self._token)
        used = self._meter.report()["requests"]["page"]
        return used["dynamodb_requests"] / calls, used["read_units"] / calls
