"""The stage that an operator's command works on: its arguments, the environment that the domain reads, and its end."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.config import config
from chalicelib.errors import Refusal
from infra import stops
from infra.local.console import CannotStart, complain

LOCAL = "local"


def add_arguments(parser: argparse.ArgumentParser, *, default: str | None = None) -> None:
    """Add the arguments that name a stage and, for a local run, its engines; without a default the stage is needed."""
    said = f" (default {default})" if default else ""
    parser.add_argument(
        "--stage",
        default=default,
        required=default is None,
        help=f"the stage, such as prod; `local` for a local run{said}",
    )
    parser.add_argument("--table", help="the table (default the one that the stack uses)")
    parser.add_argument(
        "--endpoint", type=_address, help="the cloud of a local run, which `make run` prints as `cloud`"
    )
    parser.add_argument("--table-endpoint", type=_address, help="its table, which `make run` prints as `table`")


def _address(text: str) -> str:
    """Return the address of an engine. Raises ArgumentTypeError for a text that is none."""
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise argparse.ArgumentTypeError(f"{text!r} is no address, such as http://127.0.0.1:4566")
    return text


def check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """End the command with a message if a local stage has no endpoint."""
    if given.stage == LOCAL and not (given.endpoint or os.environ.get("AWS_ENDPOINT_URL")):
        parser.error("--stage local needs --endpoint: start `make run`, and pass what it prints as `cloud`")


def table_of(stage: str, named: str | None = None) -> str:
    """Return the name of a stage's table: the named one, else the one that its stack uses."""
    own = "gatehouse" if stage == LOCAL else f"gatehouse-{stage}"
    if named or stage == LOCAL:
        return named or own
    used = _table_of_stack(stage)
    if used is not None and used != own:
        complain(f"The stack uses the table {used}, and so does this command.")
    return used or own


def _table_of_stack(stage: str) -> str | None:
    """Return the table of a stage's stack, which may be a restored one; None where there is no answer.

    The former table stays after a restore: what a command wrote there would be lost.
    """
    waiting = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
    try:
        client: Any = get_session().create_client("cloudformation", config=waiting)
        outputs = client.describe_stacks(StackName=f"gatehouse-{stage}")["Stacks"][0].get("Outputs", [])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
            complain("The stack cannot be asked for its table (cloudformation:DescribeStacks). Name one with --table.")
        return None
    except BotoCoreError:
        return None
    return next((each["OutputValue"] for each in outputs if each["OutputKey"] == "TableName"), None)


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
    # CloudWatch reads metrics off a function's log; a command's terminal is none. Faults alone are for its reader.
    names |= {"POWERTOOLS_METRICS_DISABLED": "true", "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING")}
    if given.endpoint:
        names |= {"AWS_ENDPOINT_URL": given.endpoint}
    if table := given.table_endpoint or given.endpoint:
        names |= {"AWS_ENDPOINT_URL_DYNAMODB": table}
    os.environ.update(names)
    config.cache_clear()


def has_terminal() -> bool:
    """Return whether somebody can be asked: Python has no standard input at all where it was closed."""
    return sys.stdin is not None and sys.stdin.isatty()


def _take_region() -> None:
    """Use the region of AWS_REGION, as the AWS command line does; botocore reads AWS_DEFAULT_REGION alone.

    AWS: "AWS Region" in the reference guide of SDKs and tools.
    """
    if region := os.environ.get("AWS_REGION"):
        os.environ["AWS_DEFAULT_REGION"] = region


def ended(main: Callable[[], int]) -> int:
    """Run a command and return its status: what AWS, a file or the platform refuses is one line at the terminal.

    So is its end by Ctrl-C, by another program, or by a terminal that was closed.
    """
    _take_region()
    try:
        with stops.raised():
            return main()
    except CannotStart as why:
        complain(str(why))
    except Refusal as refused:
        # The cause says what the platform keeps from its callers: no region, no credentials, no such table.
        cause = refused.__cause__
        complain(_of_aws(cause) if isinstance(cause, (BotoCoreError, ClientError)) else refused.text)
    except (BotoCoreError, ClientError) as error:
        complain(_of_aws(error))
    except BrokenPipeError:
        # Somebody read enough, such as `… | head`; Python would complain again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        complain(f"{error.filename or 'A file'} cannot be read or written: {error.strerror or error}")
    except EOFError:
        complain("Nobody answered, so nothing was changed.")
    except KeyboardInterrupt as stopped:
        complain(str(stopped) or "Stopped. Run it again to go on.")
        return 130
    return 1


def _of_aws(error: BotoCoreError | ClientError) -> str:
    said = str(error).rstrip(".")
    return f"AWS refused, or does not answer: {said}. Look at region, credentials, --stage and --table."


def mark(path: Path) -> dict[str, Any]:
    """Return what a command that was killed has kept in a file; nothing without one. Raises CannotStart."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict):
        raise CannotStart(f"{path} is damaged. Remove it: the command then begins at the beginning, which is safe.")
    return kept


def positive(text: str) -> int:
    """Return a whole number from 1 up, as an argument. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)
