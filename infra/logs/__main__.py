"""`python -m infra.logs logs` and `… trace`: the commands behind `make logs` and `make trace`."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.legible import legible
from infra import stages
from infra.local import run_log
from infra.logs import language, saved, sources, tracing
from infra.logs.evaluation import Row
from infra.logs.language import NotAQuery
from infra.logs.sources import Ask, NotAnswered

_WIDEST = 60
_LOGS_HELP = """
Without a name the command lists the queries. They are files of infra/logs/queries: a local run answers them from its
own log, a stage on AWS by CloudWatch Logs Insights, which charges for the bytes that it reads. Percentiles are exact
here, and estimated there. The operator needs logs:DescribeLogGroups, StartQuery and GetQueryResults.
"""
_TRACE_HELP = """
The lines that name the id, and those of the same request, scan, ticket, order, payment, refund, payout, job or message,
through the API, the stream, queues and workers. Lines show ids and codes only; no number, name, address or code of a
ticket is in the log.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands; return 1 with a message where the log cannot be asked, or has no such line."""
    given = _options(argv)
    queries = {name: query for name, query in saved.load().items() if name != saved.TRACE}
    if given.command == "logs" and not given.query:
        for query in queries.values():
            print(f"{query.name:22}{query.answers}")
        return 0
    if given.command == "logs" and given.query not in queries:
        print(f"There is no query {given.query!r}. There are {', '.join(queries)}", file=sys.stderr)
        return 2
    try:
        ask = _source(given)
        if given.command == "trace":
            return _print_trace(tracing.trace(ask, given.id), given.id)
        _print_table(ask(queries[given.query].text))
    except (NotAQuery, NotAnswered, ValueError) as why:
        print(legible(str(why)), file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"The log of stage {given.stage} cannot be read: {legible(str(error))}", file=sys.stderr)
        return 1
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.logs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    style = argparse.RawDescriptionHelpFormatter
    logs = commands.add_parser(
        "logs",
        prog="make logs QUERY= STAGE= SINCE= ARGS=",
        description="Answer a saved query from the log of a stage.",
        epilog=_LOGS_HELP,
        formatter_class=style,
    )
    logs.add_argument("--query", default="", help="the name of a saved query")
    trace = commands.add_parser(
        "trace",
        prog="make trace ID= STAGE= SINCE= ARGS=",
        description="Show what happened to one request, scan, order or message (also SCAN=, REQUEST=, ORDER=).",
        epilog=_TRACE_HELP,
        formatter_class=style,
    )
    trace.add_argument("--id", required=True, help="an id: of a request, scan, ticket, order, payment, payout, job …")
    for command in (logs, trace):
        command.add_argument("--stage", default=stages.LOCAL, help="the stage; by default the local run")
        command.add_argument("--since", default="1h", help="how far back: 15m, 1h, 7d (default 1h)")
        command.add_argument("--until", default="", help="how far back the time ends, as --since (default now)")
        command.add_argument("--data", type=Path, default=os.environ.get("DATA"), help="DATA of the local run")
        command.add_argument("--port", type=int, default=os.environ.get("PORT") or 8000, help="PORT of the local run")
    given = parser.parse_args(argv)
    try:
        now = datetime.now(UTC)
        given.from_moment = now - timedelta(seconds=language.seconds_of(given.since))
        given.to_moment = now - timedelta(seconds=language.seconds_of(given.until) if given.until else 0)
    except NotAQuery as why:
        parser.error(str(why))
    return given


def _source(given: argparse.Namespace) -> Ask:
    span = {"since": given.from_moment, "until": given.to_moment}
    if given.stage == stages.LOCAL:
        return sources.of_run(run_log.folder(data=given.data, port=given.port), **span)
    return sources.of_stage(get_session().create_client("logs"), given.stage, **span)


def _print_trace(rows: Sequence[Row], wanted: str) -> int:
    for row in rows:
        print(tracing.text_of(row))
    if not rows:
        print(f"No line names {wanted} in this time. Ask for more: SINCE=7d", file=sys.stderr)
    return 0 if rows else 1


def _print_table(rows: Sequence[Row]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[legible(row.get(name, ""))[:_WIDEST] for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    for line in ([names, *cells]) if rows else ():
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print(f"{len(rows)} rows")


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
