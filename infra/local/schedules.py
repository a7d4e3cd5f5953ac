"""Schedules: functions that run at a rate, as EventBridge calls them."""

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.invocation import ACCOUNT, REGION

_log = logging.getLogger("gatehouse.local")
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Schedule:
    """One function and how often it runs; None for a cron expression, which runs on demand only."""

    name: str
    period_seconds: int | None
    invoke: Callable[[dict[str, Any]], Any]


def period_of(expression: str) -> int | None:
    """Return the seconds between two runs of `rate(...)`; None for cron, which a local run ignores."""
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    return int(found.group(1)) * _UNIT_SECONDS[found.group(2)] if found else None


class Schedules:
    """Runs every schedule at its rate, one at a time, and any of them on demand."""

    def __init__(self, schedules: list[Schedule]) -> None:
        """The first run of each comes one period after `start`."""
        self._schedules = {schedule.name: schedule for schedule in schedules}
        self._ran_at: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    @property
    def names(self) -> list[str]:
        """The names of all schedules."""
        return sorted(self._schedules)

    def facts(self) -> list[dict[str, str | int | None]]:
        """Return each schedule with its period in seconds, None where it runs on demand only, and its last run."""
        return [
            {"name": name, "period_s": self._schedules[name].period_seconds, "ran_at": self._ran_at.get(name)}
            for name in self.names
        ]

    def start(self) -> None:
        """Start to run the schedules."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the current run, and start no other."""
        self._stopping.set()
        self._thread.join(5.0)

    def run_now(self, name: str) -> None:
        """Run one schedule in this thread. Raises KeyError for an unknown name, and the function's own errors."""
        self._schedules[name].invoke(_event(name))
        self._ran_at[name] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _run(self) -> None:
        periods = {name: schedule.period_seconds for name, schedule in self._schedules.items()}
        due = {name: time.monotonic() + period for name, period in periods.items() if period}
        while due:
            name = min(due, key=lambda candidate: due[candidate])
            if self._stopping.wait(max(0.0, due[name] - time.monotonic())):
                return
            try:
                self.run_now(name)
            except Exception:  # noqa: BLE001  # any error: the next run follows
                _log.exception("schedule %s raised", name)
            due[name] = time.monotonic() + (periods[name] or 0)


def _event(name: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/gatehouse-local-{name}"],
        "detail": {},
    }
