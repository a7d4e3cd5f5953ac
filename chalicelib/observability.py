"""The one structured logger, and metrics that CloudWatch reads off the log.

A line carries ids and words of the vocabulary, never a name, number, token or code.
"""

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from chalicelib.config import config

logger = Logger(service="gatehouse", level=config().log_level, use_rfc3339=True)


def count(metric: str, numbers: Mapping[str, int], *, by: str) -> None:
    """Add to a metric, split by one dimension, in CloudWatch's embedded format; for workers, not for requests."""
    # Imported here: requests send no metrics, and every cold start would pay for it.
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    for value, number in numbers.items():
        with single_metric(name=metric, unit=MetricUnit.Count, value=number, namespace="Gatehouse") as sink:
            sink.add_dimension(name="stage", value=config().stage)
            sink.add_dimension(name=by, value=value)
