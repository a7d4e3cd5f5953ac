"""The stage that an operator's command works on: its arguments, and the environment that the domain reads."""

import argparse
import os

from chalicelib.config import config

LOCAL = "local"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a stage and, for a local run, its engines."""
    parser.add_argument("--stage", required=True, help="the stage, such as prod; `local` for a local run")
    parser.add_argument("--table", help="the table, where the stack uses a restored one (default gatehouse-<stage>)")
    parser.add_argument("--endpoint", help="the cloud of a local run, which `make run` prints as `cloud`")
    parser.add_argument("--table-endpoint", help="its table, which `make run` prints as `table`")


def check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """End the command with a message if a local stage has no endpoint."""
    if given.stage == LOCAL and not (given.endpoint or os.environ.get("AWS_ENDPOINT_URL")):
        parser.error("--stage local needs --endpoint: start `make run`, and pass what it prints as `cloud`")


def table_of(stage: str, named: str | None = None) -> str:
    """Return the name of a stage's table; `named` is another one that its stack uses (its parameter TableName)."""
    return named or ("gatehouse" if stage == LOCAL else f"gatehouse-{stage}")


def aim_at(given: argparse.Namespace) -> None:
    """Set the environment that the domain reads: the stage's names, and the engines of a local run."""
    is_local = given.stage == LOCAL
    names = {
        "STAGE": given.stage,
        "SECRET_NAME": "gatehouse/{life}" if is_local else f"gatehouse/{{life}}-{given.stage}",
        "EARLIER_SECRET": "gatehouse/master" if is_local else f"gatehouse/master-{given.stage}",
        "TABLE_NAME": table_of(given.stage, given.table),
        "JOBS_QUEUE_NAME": "gatehouse-jobs" if is_local else f"gatehouse-jobs-{given.stage}",
    }
    if is_local:
        names |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
        names |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled"}
    # CloudWatch reads metrics off a function's log; a command's terminal is none.
    names |= {"POWERTOOLS_METRICS_DISABLED": "true"}
    if given.endpoint:
        names |= {"AWS_ENDPOINT_URL": given.endpoint}
        names |= {"AWS_ENDPOINT_URL_DYNAMODB": given.table_endpoint or given.endpoint}
    os.environ.update(names)
    config.cache_clear()
