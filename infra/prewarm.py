"""`make prewarm`: raise before a rush what has to grow with it, and take it back afterwards.

A table and its indexes get warm throughput, which AWS charges once and nobody can lower. The aliases of the functions
that answer callers get provisioned concurrency for a window, by two scheduled actions of Application Auto Scaling (AWS,
"AWS Lambda and Application Auto Scaling"). It shows what it would change, and asks.
"""

import argparse
import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import clock
from infra import stages
from infra.deploy import account
from infra.deploy.__main__ import Question
from infra.deploy.account import Account
from infra.local.console import CannotStart, complain, step
from infra.package import application, canary

# The functions that answer callers, by their option: the end of the function's name.
FUNCTIONS = {"gates": "-gates", "api": ""}
_BEGIN, _END = "gatehouse-prewarm-begin", "gatehouse-prewarm-end"
_DIMENSION = {"ServiceNamespace": "lambda", "ScalableDimension": "lambda:function:ProvisionedConcurrency"}
# "rounded up to the nearest five minutes" (aws.amazon.com/lambda/pricing).
_BILLED_SECONDS = 300
_LONGEST = timedelta(days=2)
_READ, _WRITE = "ReadUnitsPerSecond", "WriteUnitsPerSecond"
# A time of a schedule, and the begin of a window in the names of its two actions.
_AT, _NAMED = "%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H%M%S"
_NO_CONFIG = "ProvisionedConcurrencyConfigNotFoundException"
_PRICES = Path(__file__).parents[1] / "bench" / "prices.toml"
Confirm = Callable[[str], bool]
Units = dict[str, int]


@dataclass(frozen=True, slots=True)
class Warmth:
    """The warm throughput of the table, or of one index: what it has, and what it gets."""

    index: str | None
    has: Units
    gets: Units

    @property
    def grows(self) -> bool:
        """Whether anything changes: AWS refuses a lower value."""
        return self.gets != self.has

    def __str__(self) -> str:
        parts = (f"{unit[:-14].lower()} {self.has[unit]:,} -> {self.gets[unit]:,}" for unit in (_READ, _WRITE))
        return f"{f'index {self.index}' if self.index else 'table'}: units a second, {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Containers:
    """The containers that an alias keeps warm, and the memory of each in MB."""

    function: str
    number: int
    memory: int

    @property
    def alias(self) -> dict[str, str]:
        """What Application Auto Scaling calls the alias."""
        return {**_DIMENSION, "ResourceId": f"function:{self.function}:{canary.ALIAS}"}

    def usd(self, seconds: float) -> float:
        """Return what AWS charges for keeping them warm, apart from requests."""
        billed = math.ceil(seconds / _BILLED_SECONDS) * _BILLED_SECONDS
        per_second: float = _prices()["lambda"]["provisioned_gb_second"]
        return self.number * self.memory / 1024 * billed * per_second


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time for which an alias keeps containers warm."""

    begin: datetime
    until: datetime

    def __str__(self) -> str:
        return f"{self.begin:%Y-%m-%dT%H:%MZ} to {self.until:%Y-%m-%dT%H:%MZ}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 with a message if it fails, 2 if the operator declined."""
    given = parsed(arguments)
    question = Question(stage=given.stage, is_sure=given.yes, may_lose_data=False)
    try:
        here = account.current()
        if not (take_back if given.undo else prewarm)(here, given, question.ask):
            complain("Nothing was changed.")
            return 2
    except CannotStart as why:
        complain(str(why))
        return 1
    except (BotoCoreError, ClientError) as error:
        complain(f"AWS refused: {error}")
        return 1
    return 0


def prewarm(here: Account, given: argparse.Namespace, confirm: Confirm) -> bool:
    """Show the changes and what they cost, ask, and make them; return whether they were made."""
    table = stages.table_of(given.stage, given.table)
    warmths = [each for each in _warmths(here, table, given) if each.grows]
    kept = [_containers(here, given, option) for option in FUNCTIONS if getattr(given, option)]
    window = Window(given.begin, given.until)
    for each in kept:
        _require_free(here, each, window)
    if not warmths and not kept:
        raise CannotStart("There is nothing to change: the table is as warm, and no containers were asked for.")
    for warmth in warmths:
        step(f"  {table}, {warmth}")
    if warmths:
        step("  AWS charges once for what warm throughput grows by, and it cannot be lowered:")
        step("  https://aws.amazon.com/dynamodb/pricing/on-demand/ has the price in your region")
    seconds = (given.until - given.begin).total_seconds() if kept else 0.0
    for each in kept:
        step(f"  {each.function}:{canary.ALIAS}: {each.number} warm containers, {given.begin:%Y-%m-%dT%H:%MZ} to")
        step(f"  {given.until:%Y-%m-%dT%H:%MZ}, {each.usd(seconds):.2f} USD at list prices of {_prices()['as_of']}")
    if kept:
        step(f"  {sum(each.usd(seconds) for each in kept):.2f} USD in all; make no release in this window")
    if not confirm(f"Prewarm {given.stage}?"):
        return False
    # What can be refused comes first, and what costs at once comes last.
    for each in kept:
        _schedule(here, each, window)
        step(f"scheduled: {each.function}")
    if warmths:
        here.client("dynamodb").update_table(TableName=table, **_update(warmths))
        step(f"{table} grows; `make prewarm` again shows how far it is")
    return True


def _schedule(here: Account, kept: Containers, window: Window) -> None:
    """Schedule the begin and the end of a window, named after its begin: other windows of the alias stay."""
    scaling = here.client("application-autoscaling")
    if not _targets(here, kept.alias):
        # A second time it would bound at once what is warm now.
        scaling.register_scalable_target(**kept.alias, MinCapacity=0, MaxCapacity=kept.number)
    # The end first: a run that is killed between the two leaves no containers that stay warm.
    for name, at, number in ((_END, window.until, 0), (_BEGIN, window.begin, kept.number)):
        scaling.put_scheduled_action(
            **kept.alias,
            ScheduledActionName=f"{name}-{window.begin:{_NAMED}}",
            Schedule=f"at({at:{_AT}})",
            Timezone="UTC",
            ScalableTargetAction={"MinCapacity": number, "MaxCapacity": number},
        )


def _require_free(here: Account, kept: Containers, window: Window) -> None:
    """Raise CannotStart where another window of the alias overlaps: its end would end this one too."""
    for other in _windows(here, kept.alias):
        if other.begin != window.begin and other.begin <= window.until and window.begin <= other.until:
            raise CannotStart(
                f"{kept.function} is warm from {other} already. Choose another window, or end that one first: "
                "make prewarm ARGS=--undo"
            )


def _windows(here: Account, alias: dict[str, str]) -> list[Window]:
    """Return the windows that are scheduled for an alias and not over."""
    pages = here.client("application-autoscaling").get_paginator("describe_scheduled_actions")
    found = []
    for page in pages.paginate(**alias):
        for action in page["ScheduledActions"]:
            name, _, begin = action["ScheduledActionName"].rpartition("-")
            if name == _END:
                found.append(Window(_read(begin, _NAMED), _read(action["Schedule"], f"at({_AT})")))
    return [window for window in found if window.until > clock.now()]


def _read(text: str, form: str) -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _targets(here: Account, alias: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace=alias["ServiceNamespace"],
        ResourceIds=[alias["ResourceId"]],
        ScalableDimension=alias["ScalableDimension"],
    )["ScalableTargets"]
    return found


def take_back(here: Account, given: argparse.Namespace, confirm: Confirm) -> bool:
    """Show what is scheduled, ask, and end schedules and warm containers; warm throughput stays."""
    scaling, functions = here.client("application-autoscaling"), here.client("lambda")
    aliases = [Containers(_named(given.stage, option), 0, 0).alias for option in FUNCTIONS]
    # Also one whose targets an earlier run has ended, and that run was killed before what is warm.
    found = [alias for alias in aliases if _targets(here, alias) or _is_warm(functions, alias)]
    if not found:
        raise CannotStart("Nothing is scheduled.")
    for alias in found:
        step(f"  ends: {alias['ResourceId']}")
    step("  Warm throughput stays: AWS does not lower it.")
    if not confirm(f"Take it back in {given.stage}?"):
        return False
    for alias in found:
        # Its scheduled actions go with it (AWS, "DeregisterScalableTarget"); what is warm by now does not.
        if _targets(here, alias):
            scaling.deregister_scalable_target(**alias)
        _, name, qualifier = alias["ResourceId"].split(":")
        try:
            functions.delete_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NO_CONFIG:
                raise
        step(f"ended: {alias['ResourceId']}")
    return True


def _is_warm(functions: Any, alias: dict[str, str]) -> bool:
    """Whether containers of an alias are warm, or are being made so."""
    _, name, qualifier = alias["ResourceId"].split(":")
    try:
        functions.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    except ClientError as error:
        if error.response["Error"]["Code"] not in (_NO_CONFIG, "ResourceNotFoundException"):
            raise
        return False
    return True


def _warmths(here: Account, table: str, given: argparse.Namespace) -> list[Warmth]:
    """Return what the table and each index have, and the higher one of that and what is asked for."""
    described = here.client("dynamodb").describe_table(TableName=table)["Table"]
    asked = {_READ: given.reads or 0, _WRITE: given.writes or 0}
    found = []
    for name, part in [(None, described), *((i["IndexName"], i) for i in described.get("GlobalSecondaryIndexes", []))]:
        has = {unit: int(part.get("WarmThroughput", {}).get(unit, 0)) for unit in asked}
        found.append(Warmth(name, has, {unit: max(has[unit], asked[unit]) for unit in asked}))
    return found


def _update(warmths: Sequence[Warmth]) -> dict[str, Any]:
    indexes = [
        {"Update": {"IndexName": each.index, "WarmThroughput": each.gets}} for each in warmths if each.index is not None
    ]
    of_table: list[dict[str, Any]] = [{"WarmThroughput": each.gets} for each in warmths if each.index is None]
    return {**(of_table[0] if of_table else {}), **({"GlobalSecondaryIndexUpdates": indexes} if indexes else {})}


def _containers(here: Account, given: argparse.Namespace, option: str) -> Containers:
    """Return what an alias is to keep warm. Raises CannotStart where AWS would refuse it at the scheduled hour."""
    functions, name, number = here.client("lambda"), _named(given.stage, option), getattr(given, option)
    try:
        functions.get_alias(FunctionName=name, Name=canary.ALIAS)
        found = functions.get_function(FunctionName=name)
    except functions.exceptions.ResourceNotFoundException as error:
        raise CannotStart(f"{name} has no alias {canary.ALIAS}. Deploy the stage first.") from error
    reserved = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    if reserved is not None and number > reserved:
        parameter = "GatesConcurrency" if option == "gates" else "ApiConcurrency"
        raise CannotStart(
            f"{name} may run {reserved} at once, so {number} cannot be kept warm. Raise its share first: "
            f'make deploy STAGE={given.stage} ARGS="{parameter}={number}"'
        )
    return Containers(name, number, found["Configuration"]["MemorySize"])


@lru_cache(maxsize=1)
def _prices() -> dict[str, Any]:
    return tomllib.loads(_PRICES.read_text(encoding="utf-8"))


def _named(stage: str, option: str) -> str:
    return f"gatehouse-{stage}{FUNCTIONS[option]}"


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment, such as 2026-12-05T16:30Z") from error
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone: 2026-12-05T16:30Z, or …+05:00")
    return found.astimezone(UTC)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments of the command; ends it where they do not fit together."""
    parser = argparse.ArgumentParser(
        prog="make prewarm STAGE= ARGS=",
        description="Warm the table and containers before a big event. Shows what it changes and costs, and asks.",
        epilog="Credentials and region are those of the AWS command line. Docs: docs/runbooks/before-a-big-event.md",
    )
    known = [stage for stage in application.stages() if stage != stages.LOCAL]
    parser.add_argument("--stage", required=True, choices=known)
    parser.add_argument("--table", help="the table (default the one that the stack uses)")
    parser.add_argument("--reads", type=stages.positive, help="read units a second of the table and each index")
    parser.add_argument("--writes", type=stages.positive, help="write units a second of the table and each index")
    parser.add_argument("--gates", type=stages.positive, default=0, help="warm containers of the gates' function")
    parser.add_argument("--api", type=stages.positive, default=0, help="warm containers of the API's function")
    parser.add_argument("--from", dest="begin", type=_moment, help="since when, such as 2026-12-05T16:30Z")
    parser.add_argument("--until", type=_moment, help="until when")
    parser.add_argument("--undo", action="store_true", help="end what was scheduled, and warm containers")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    given = parser.parse_args(arguments)
    if given.gates or given.api:
        if given.begin is None or given.until is None:
            parser.error("--gates and --api need --from and --until")
        if not clock.now() < given.begin < given.until <= given.begin + _LONGEST:
            parser.error("--from is to come, and --until is after it, by two days at most")
    return given


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
