"""The door of the jobs queue: work that goes on behind an answer."""

import json
from typing import Any

from chalicelib.domain import job_kinds
from chalicelib.workers import Failures, each_message


def handle(batch: dict[str, Any]) -> Failures:
    """Take a turn at each job."""
    return each_message(batch, _take)


def _take(body: str) -> None:
    job_kinds.work_on(json.loads(body)["job_id"])
