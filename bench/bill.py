"""What a million scans cost on AWS, from measured calls, units, CPU time and log lines, at list prices.

Measured: the calls of the functions, their requests and units, CPU time and log lines. Assumed, and stated: the share
of a vCPU that the functions get, and how long a request to DynamoDB takes there. A local run delivers the stream every
0.1 s, where Lambda gathers for a second, so the calls of the totals' function are an upper bound.
"""

from dataclasses import dataclass

from bench.crowd import Run
from bench.processor import Processor
from infra.package.gateway import TRACED_SHARE

# Scans a second at which the bill is made: a quiet gate, and the busiest that the issue asks for.
PACES = (2.0, 118.0)
# USD a million scans, at each pace.
AIM = 7.50
MILLION = 1_000_000

# List prices in us-east-1, USD: API Gateway REST a million requests; Lambda arm64 a million requests and a GB-second;
# DynamoDB on demand a million units; CloudWatch Logs a GB taken in; X-Ray a million traces recorded.
_GATEWAY, _CALL, _GB_SECOND = 3.50, 0.20, 0.0000133334
_WRITE_UNIT, _READ_UNIT = 0.625, 0.125
_LOG_GB, _TRACE = 0.50, 5.00
# AWS Lambda: 1,769 MB of memory have one vCPU. The functions have 1,024 MB.
_VCPUS, _GB = 1024 / 1769, 1.0
# A request to DynamoDB from a function of its region, in seconds: the upper end of "single-digit milliseconds".
_REQUEST_SECONDS = 0.005
# A line of the REST API's access log (infra/package/access_logs.py) with a template and ids of usual length.
_ACCESS_LOG_BYTES = 360


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
    waiting = units["dynamodb_requests"] * _REQUEST_SECONDS
    seconds = waiting + (handler_cpu + worker_cpu * len(readers)) / _VCPUS
    log_bytes = processor.logged["handler"] + _ACCESS_LOG_BYTES
    log_bytes += sum(processor.logged[name] * calls[name] for name in readers)
    dollars = {
        "API Gateway": _GATEWAY,
        "Lambda, calls": _CALL * sum(calls.values()),
        "Lambda, time": _GB_SECOND * _GB * seconds * MILLION,
        "DynamoDB, writes": _WRITE_UNIT * units["write_units"],
        "DynamoDB, reads": _READ_UNIT * units["read_units"],
        "logs": _LOG_GB * log_bytes * MILLION / 1e9,
        "X-Ray": _TRACE * TRACED_SHARE,
    }
    return Bill(run.per_second or run.scans / run.seconds, dollars, calls)
