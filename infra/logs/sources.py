"""Where a stage's log is asked: Logs Insights for a stage on AWS, the file of a local run."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.local import run_log
from infra.logs import evaluation
from infra.logs.evaluation import Row

# AWS: "StartQuery" takes 50 log groups at most, and GetQueryResults has the states below.
_MOST_GROUPS = 50
_WORKING = ("Scheduled", "Running", "Unknown")
_WAIT_SECONDS = 0.5

# Answers the text of a query over a span of time.
Ask = Callable[[str], list[Row]]


class NotAnswered(Exception):  # named for its message at the terminal
    """The log could not be asked; the text says why."""


def of_run(folder: Path, *, since: datetime, until: datetime) -> Ask:
    """Return what asks the log of a local run. Raises NotAnswered where there is none."""
    if not any(folder.glob("run.jsonl*")):
        raise NotAnswered(
            f"There is no log in {folder}. Start `make run`, and name its PORT or DATA where they are not the default"
        )

    def ask(query: str) -> list[Row]:
        spanned = (line for line in run_log.lines(folder) if since <= line[evaluation.TIMESTAMP] <= until)
        return evaluation.run(query, spanned)

    return ask


def of_stage(client: Any, stage: str, *, since: datetime, until: datetime) -> Ask:
    """Return what asks the log groups of a stage's functions. Raises NotAnswered where there are none."""
    groups = _groups(client, f"/aws/lambda/gatehouse-{stage}")
    if not groups:
        raise NotAnswered(f"The stage {stage} has no log groups in this account and region")

    def ask(query: str) -> list[Row]:
        started = client.start_query(
            logGroupNames=groups[:_MOST_GROUPS],
            startTime=int(since.timestamp()),
            endTime=int(until.timestamp()) + 1,
            queryString=query,
        )
        while True:
            answer = client.get_query_results(queryId=started["queryId"])
            if answer["status"] not in _WORKING:
                break
            time.sleep(_WAIT_SECONDS)
        if answer["status"] != "Complete":
            raise NotAnswered(f"Logs Insights ended the query as {answer['status']}. Ask for a shorter time: SINCE=15m")
        # Each row also has @ptr, which names its line to AWS.
        return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]]

    return ask


def _groups(client: Any, prefix: str) -> list[str]:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    # The prefix of `prod` is also that of a stage `prod2`.
    return [name for name in names if name == prefix or name.startswith(f"{prefix}-")]
