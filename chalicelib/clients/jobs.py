"""The queue of jobs: background work, and interrupted work that is resumed."""

import json
from datetime import timedelta
from functools import lru_cache

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.errors import Unavailable

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=4)
def _queue_url(name: str) -> str:
    url: str = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return url


def forget() -> None:
    """Drop what a container keeps: the queue's address."""
    _queue_url.cache_clear()


def enqueue(job_id: str, *, pause: timedelta = timedelta(0)) -> None:
    """Send a job to its worker, at least once, after a pause of whole seconds. Raises Unavailable."""
    delay = {"DelaySeconds": int(pause.total_seconds())} if pause >= _SECOND else {}
    try:
        client("sqs").send_message(
            QueueUrl=_queue_url(config().jobs_queue_name), MessageBody=json.dumps({"job_id": job_id}), **delay
        )
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(retry_after=1) from error
