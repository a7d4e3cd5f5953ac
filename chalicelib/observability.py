"""The one structured logger and the one metrics sink.

A line carries ids and words of the vocabulary, never a name, number, token or code.
"""

from aws_lambda_powertools import Logger

from chalicelib.config import config

logger = Logger(service="gatehouse", level=config().log_level, use_rfc3339=True)
