"""What a million scans cost on AWS, from measured calls, units, CPU time and log lines, at list prices.

Measured: the calls of the functions, their requests and units, CPU time and log lines. Assumed, and stated: the share
of a vCPU that the functions get, and how long a request to DynamoDB takes there. The stream of a local run has one
shard. A table with several has smaller batches at the same pace.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.crowd import Run
from bench.prices import price
from bench.processor import Processor
from infra.package import access_logs
from infra.package.gateway import TRACED_SHARE

# Scans a second at which the bill is made: a quiet gate, and the busiest that the issue asks for.
PACES = (2.0, 118.0)
# USD a million scans, at each pace.
AIM = 7.50
MILLION = 1_000_000

# AWS Lambda: 1,769 MB of memory have one vCPU. The functions have 1,024 MB.
VCPUS, _GB = 1024 / 1769, 1.0
# A request to DynamoDB from a function of its region, in seconds: the upper end of "single-digit milliseconds".
REQUEST_SECONDS = 0.005
# What the gateway writes in its access log's line for a scan, by the names of access_logs.py; ids of usual length.
_ACCESS_VALUES = {
    "$context.requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "$context.requestTime": "28/Nov/2026:09:49:42 +0000",
    "$context.status": "200",
    "$context.identity.sourceIp": "203.0.113.107",
    "$context.httpMethod": "POST",
    "$context.resourcePath": "/api/usher/scan/result",
    "$context.responseLength": "1024",
    "$context.responseLatency": "134",
    "$context.error.responseType": "-",
}
# What CloudWatch adds to each line, in bytes (AWS: "PutLogEvents").
_LINE_BYTES = 26


def _access_log_bytes() -> int:
    line = str(access_logs.rest()["Format"])
    for name, value in _ACCESS_VALUES.items():
        line = line.replace(name, value)
    if "$context" in line:
        raise ValueError(f"no value for a part of the access log: {line}")
    return len(line) + _LINE_BYTES


ACCESS_LOG_BYTES = _access_log_bytes()


@dataclass(frozen=True, slots=True)
class Bill:
    """USD a million scans by what they pay for, and the calls of the functions a scan."""

    per_second: float
    dollars: dict[str, float]
    calls: dict[str, float]

    @property
    def total(self) -> float:
        """The whole bill."""
        return sum(self.dollars.values())


def of(run: Run, processor: Processor) -> Bill:
    """Return the bill of a run whose pace was bounded."""
    scan = next(used for name, used in run.usage["requests"].items() if name.startswith("usher POST"))
    nothing = {"calls": 0, "dynamodb_requests": 0, "read_units": 0.0, "write_units": 0.0}
    readers = {name: run.usage["background"].get(name, nothing) for name in ("stream", "live")}
    handler_cpu = max(seconds[len(seconds) // 2] for seconds in processor.handler.values())
    # The live function has no subscriber here; it reads as many records as the other.
    worker_cpu = max(processor.background.values())
    used = (scan, *readers.values())
    units = {
        name: sum(float(part[name]) for part in used) / run.scans
        for name in ("dynamodb_requests", "read_units", "write_units")
    }
    calls = {"handler": 1.0} | {name: part["calls"] / run.scans for name, part in readers.items()}
    waiting = units["dynamodb_requests"] * REQUEST_SECONDS
    seconds = waiting + (handler_cpu + worker_cpu * len(readers)) / VCPUS
    log_bytes = processor.logged["handler"] + ACCESS_LOG_BYTES
    log_bytes += sum(processor.logged[name] * calls[name] for name in readers)
    dollars = {
        "API Gateway": price("api_gateway", "rest_million"),
        "Lambda, calls": price("lambda", "calls_million") * sum(calls.values()),
        "Lambda, time": price("lambda", "gb_second") * _GB * seconds * MILLION,
        "DynamoDB, writes": price("dynamodb", "write_units_million") * units["write_units"],
        "DynamoDB, reads": price("dynamodb", "read_units_million") * units["read_units"],
        "logs": price("cloudwatch", "logs_gb") * log_bytes * MILLION / 1e9,
        "X-Ray": price("xray", "traces_million") * TRACED_SHARE,
    }
    return Bill(run.per_second or run.scans / run.seconds, dollars, calls)


def require_within(bills: Sequence[Bill]) -> None:
    """End the program with 1 where a million scans cost more than the aim."""
    above = [
        f"a million scans at {pace:.0f} a second cost {each.total:.2f} USD; allowed are {AIM:.2f}"
        for pace, each in zip(PACES, bills, strict=True)
        if each.total > AIM
    ]
    if above:
        raise SystemExit("\n".join(above))
