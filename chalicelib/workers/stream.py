"""The door of the table's stream."""

from typing import Any

from chalicelib.domain import changes, projection
from chalicelib.observability import logger
from chalicelib.workers import Failures, failures_from


def handle(batch: dict[str, Any]) -> Failures:
    """Project a batch of stream records.

    A stream is read in order: the first record that cannot be taken is reported, and Lambda comes again
    with it and all after it.
    """
    told = [changes.change_of(record) for record in batch["Records"]]
    try:
        projection.apply(told)
    except Exception:  # noqa: BLE001  # whatever it was, the records are taken one by one
        logger.exception("stream batch failed; taking its records one by one", extra={"count": len(told)})
    else:
        return failures_from([])
    for change in told:
        try:
            projection.apply([change])
        except Exception:  # noqa: BLE001  # whatever it was, this record and the rest come again
            logger.exception("stream record failed", extra={"position": change.position})
            return failures_from([change.position])
    return failures_from([])
