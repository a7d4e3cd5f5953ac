"""The saved queries: answered by the local log, listed in the template, and asked on AWS in the right groups."""

import ast
import json
import logging
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws

from chalicelib.domain.access import second_factor
from chalicelib.observability import logger
from infra import template
from infra.local import run_log
from infra.logs import evaluation, language, saved, sources, tracing
from infra.logs.__main__ import main
from infra.logs.language import NotAQuery
from infra.service_levels import lines
from tests.docs import runbooks

QUERIES = saved.load()
NOW = datetime(2026, 11, 28, 8, 0, 30, tzinfo=UTC)


def line(**fields: Any) -> dict[str, Any]:
    content = {"level": "INFO", "timestamp": NOW.isoformat(), **fields}
    return {**content, "@timestamp": NOW, "@message": json.dumps(content), "@log": "0:/aws/lambda/gatehouse-local"}


def request(status: int = 200, milliseconds: float = 1.0, **more: Any) -> dict[str, Any]:
    return line(message="request", route="/api/a", status=status, milliseconds=milliseconds, **more)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_each_saved_query_is_understood_and_bounded(query: saved.SavedQuery) -> None:
    commands = language.parse(query.text)
    assert evaluation.run(query.text, []) == []
    assert isinstance(commands[-1], language.Limit)
    assert isinstance(commands[-2], language.Sort), "without an order the first rows are any rows"
    assert len(query.text) <= 10_000, "AWS: QueryString of AWS::Logs::QueryDefinition"


def test_each_message_that_a_query_asks_for_is_logged_somewhere() -> None:
    root = Path(__file__).resolve().parents[2] / "chalicelib"
    code = "\n".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    asked = {
        text
        for query in QUERIES.values()
        for clause in re.findall(r'\bmessage (?:in \[([^\]]+)\]|= ("[^"]+"))', query.text)
        for text in re.findall(r'"([^"]+)"', "".join(clause))
    }
    assert len(asked) > 20
    assert {text for text in asked if f'"{text}"' not in code} == set()


def _names_of_lines() -> set[str]:
    """Return the keys and the named arguments of the code that logs; the shapes of the wire are no lines."""
    root = Path(__file__).resolve().parents[2] / "chalicelib"
    found: set[str] = set()
    for path in root.rglob("*.py"):
        if "schemas" in path.parts or "table" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                found |= {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
            elif isinstance(node, ast.Call):
                found |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


def test_each_field_that_a_query_asks_for_is_one_of_a_line() -> None:
    # Those of every line, and of the logger's own.
    known = _names_of_lines() | {"level", "message", "exception_name", "request_id"}
    words = {"filter", "stats", "fields", "sort", "limit", "in", "like", "and", "or", "as", "by", "asc", "desc"}
    asked: dict[str, set[str]] = {}
    for query in QUERIES.values():
        text = re.sub(r'"[^"]*"|/[^/\n]*/|^#.*$|@\w+|\b\d\w*', "", query.text, flags=re.MULTILINE)
        made = set(re.findall(r"\bas (\w+)", text))
        asked[query.name] = set(re.findall(r"\b[a-z]\w*\b(?!\()", text)) - made - words
    assert len(set().union(*asked.values())) > 25
    assert {name: fields - known for name, fields in asked.items() if fields - known} == {}


def test_counts_percentiles_and_order_are_those_of_the_lines() -> None:
    lines = [request(milliseconds=float(number)) for number in range(1, 101)] + [line(message="call", count=3)]
    [row] = evaluation.run(QUERIES["latency"].text, lines)
    assert row == {"route": "/api/a", "requests": "100", "mean": "50.5", "p95": "95", "longest": "100"}
    slow = [request(milliseconds=ms, request_id=f"r{ms:.0f}") for ms in (900.0, 2500.0, 1200.0)]
    assert [row["request_id"] for row in evaluation.run(QUERIES["slow"].text, slow)] == ["r2500", "r1200"]


def test_lines_without_a_field_are_in_no_comparison_and_in_a_group_of_their_own() -> None:
    lines = [line(security="refusal", code="A", portal="usher"), line(security="refusal", code="A"), line()]
    rows = evaluation.run(QUERIES["refusals"].text, lines)
    assert sorted(rows, key=str) == [{"code": "A", "refusals": "1"}, {"portal": "usher", "code": "A", "refusals": "1"}]
    assert evaluation.run("filter code != 'A'", lines) == []
    assert len(evaluation.run("filter not ispresent(code)", lines)) == 1


def test_steps_of_time_begin_at_whole_steps() -> None:
    [row] = evaluation.run(QUERIES["rate-limited"].text, [request(429, code="RATE_LIMITED", principal_id="p")])
    assert row["bin(1m)"] == "2026-11-28 08:00:00.000"
    assert (row["refused"], row["principals"]) == ("1", "1")


def test_words_or_and_expressions_choose_lines() -> None:
    lines = [line(message=text, n=number) for number, text in enumerate(("payout sent", "payout bounced", "other"))]
    found = evaluation.run("fields n | filter message like /^payout / and (n = 1 or n > 5) | sort n asc", lines)
    assert found == [{"n": "1"}]
    assert evaluation.run('fields n | filter message in ["other"] or n <= 0 | sort n desc | limit 1', lines) == [
        {"n": "2"}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "parse @message '* *' as a, b",
        "stats median(x) as y",
        "stats count(*)",
        "stats max(@timestamp) as last",
        "filter a ~ 1",
        "filter a =",
        "fields a b",
        "limit many",
        "fields concat(a, b)",
    ],
)
def test_what_the_local_log_cannot_answer_is_refused(text: str) -> None:
    with pytest.raises(NotAQuery):
        language.parse(text)


def test_the_template_has_the_same_queries_over_the_groups_of_the_functions() -> None:
    found = saved.resources()
    assert len(found) == len(QUERIES) - 1
    texts = {resource["Properties"]["QueryString"] for resource in found.values()}
    assert texts == {query.text for name, query in QUERIES.items() if name != saved.TRACE}
    resources = template.load()["Resources"]
    groups = {
        resource["Properties"]["LogGroupName"]["Fn::Sub"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Logs::LogGroup"
        and resource["Properties"]["LogGroupName"]["Fn::Sub"].startswith("/aws/lambda/")
    }
    for resource in found.values():
        assert {group["Fn::Sub"] for group in resource["Properties"]["LogGroupNames"]} == groups


@pytest.mark.parametrize(
    ("page", "message"),
    [(never.subject.kind, each.message) for never in lines.NEVER for each in never.counted]
    + [("payouts-paid", each.message) for each in lines.NOT_PAID]
    + [("second-factor", second_factor.GUESSED)],
)
def test_the_page_of_what_must_never_happen_asks_for_the_line_itself(page: str, message: str) -> None:
    asked = [command.words for command in runbooks.commands("run") if page in (command.page, *_pages_with(command))]
    names = [word.removeprefix("QUERY=") for words in asked for word in words if word.startswith("QUERY=")]
    one, other = line(message=message, number=1), line(message=message, number=2)
    # Of a query that counts lines, both are one row, which names neither.
    assert [name for name in names if len(evaluation.run(QUERIES[name].text, [one, other])) == 2], names


def _pages_with(command: runbooks.Command) -> list[str]:
    """The pages that have a command; the same command of several pages is one."""
    return [page.stem for page in runbooks.each_page() if command.text in page.read_text(encoding="utf-8")]


def test_a_stage_is_asked_in_its_own_groups_alone() -> None:
    asked: list[dict[str, Any]] = []
    # CloudWatch takes no line that is older than 14 days.
    now = datetime.now(UTC).replace(microsecond=0)
    with mock_aws():
        logs: Any = get_session().create_client("logs", region_name="us-east-1")
        for name in ("gatehouse-prod", "gatehouse-prod-stream", "gatehouse-prod2", "gatehouse-dev"):
            logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
            logs.create_log_stream(logGroupName=f"/aws/lambda/{name}", logStreamName="s")
            moment = int(now.timestamp() * 1000)
            events = [{"timestamp": moment, "message": json.dumps({"message": "scan decided", "scan_id": name})}]
            logs.put_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName="s", logEvents=events)
        logs.meta.events.register("before-parameter-build.cloudwatch-logs.StartQuery", _note(asked))
        ask = sources.of_stage(logs, "prod", since=now - timedelta(hours=1), until=now)
        rows = ask(QUERIES[saved.TRACE].text)
        # moto gives all lines of the groups, whichever the filter; the command keeps those that name the id.
        traced = tracing.trace(ask, "gatehouse-prod-stream")
        with pytest.raises(sources.NotAnswered, match="no log groups"):
            sources.of_stage(logs, "nowhere", since=now, until=now)
    assert asked[0]["logGroupNames"] == ["/aws/lambda/gatehouse-prod", "/aws/lambda/gatehouse-prod-stream"]
    assert asked[0]["endTime"] - asked[0]["startTime"] == 3601
    assert len(rows) == 2
    assert set(rows[0]) == {"@timestamp", "@log", "@message"}
    assert [json.loads(row["@message"])["scan_id"] for row in traced] == ["gatehouse-prod-stream"]


def _note(asked: list[dict[str, Any]]) -> Callable[..., None]:
    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(dict(params))

    return note


def test_a_trace_follows_a_work_and_neither_batches_nor_people() -> None:
    def of(function: str, **fields: Any) -> dict[str, Any]:
        return {**line(**fields), "@log": f"0:/aws/lambda/gatehouse-local{function}"}

    lines = [
        of("", message="scan decided", request_id="req-1", scan_id="scan-1", ticket_id="tkt_1", event_id="evt_1"),
        of("", message="request", request_id="req-1", status=200),
        of("-stream", message="call", request_id="batch-1", about=["scan-1", "scan-2"]),
        of("-stream", message="stream record failed", request_id="batch-1"),
        of("", message="scan decided", request_id="req-2", scan_id="scan-2", ticket_id="tkt_2", event_id="evt_1"),
    ]
    found = tracing.trace(lambda query: evaluation.run(query, lines), "scan-1")
    assert [row["@message"] for row in found] == [lines[number]["@message"] for number in (0, 1, 2)]
    assert tracing.trace(lambda query: evaluation.run(query, lines), "req-1") == found
    with pytest.raises(ValueError, match="is no id"):
        tracing.trace(lambda query: evaluation.run(query, lines), '" or 1 = 1')


def test_a_trace_shows_ids_and_no_other_text_of_a_line() -> None:
    [row] = evaluation.run(
        "fields @timestamp, @log, @message",
        [line(message="refused", request_id="req-1", address_mac="0053a0", exception="a secret", phone="+92300")],
    )
    shown = tracing.text_of(row)
    assert "request_id=req-1" in shown
    assert not any(word in shown for word in ("0053a0", "a secret", "+92300"))


def test_a_runs_log_is_bounded_and_read_in_its_order_over_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(logger.name), "level", logging.INFO)
    with run_log.kept(tmp_path / "log", fresh=True, most_bytes=10_000):
        for number in range(400):
            said = {"scan_id": f"scan-{number}", "log_id": f"log_{number}", "result": "valid"}
            logger.info("request", extra=said)
    files = list((tmp_path / "log").iterdir())
    assert len(files) == 4
    assert sum(path.stat().st_size for path in files) <= 4 * 10_000
    numbers = [int(found["scan_id"].removeprefix("scan-")) for found in run_log.lines(tmp_path / "log")]
    assert numbers == list(range(numbers[0], 400))

    monkeypatch.setenv("LOG_FOLDER", str(tmp_path / "log"))
    assert main(["logs", "--query", "scans"]) == 0
    assert re.search(rf"^valid +{len(numbers)}$", capsys.readouterr().out, re.MULTILINE)
    assert main(["trace", "--id", "scan-399"]) == 0
    assert "scan_id=scan-399" in capsys.readouterr().out
    assert main(["trace", "--id", "scan-400"]) == 1
    with run_log.kept(tmp_path / "log", fresh=True):
        assert list(run_log.lines(tmp_path / "log")) == []


def test_the_commands_say_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_FOLDER", str(tmp_path / "nothing"))
    assert main(["logs"]) == 0
    listed = capsys.readouterr().out
    assert all(query.answers in listed for name, query in QUERIES.items() if name != saved.TRACE)
    assert main(["logs", "--query", "nonsense"]) == 2
    assert "There is no query 'nonsense'" in capsys.readouterr().err
    assert main(["logs", "--query", "scans"]) == 1
    assert "Start `make run`" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["logs", "--query", "scans", "--since", "soon"])
    for command in ("logs", "trace"):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0


def test_a_folder_that_somebody_named_keeps_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "run.jsonl").write_text("of an earlier run\n")
    with run_log.kept(tmp_path, fresh=True):
        assert list(run_log.lines(tmp_path)) == []
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_the_log_of_a_run_that_goes_on_is_not_forgotten_for_later_ones(tmp_path: Path) -> None:
    def begun(port: int, *, hours_ago: int) -> Path:
        with run_log.kept(tmp_path / str(port), fresh=True, home=tmp_path) as path:
            then = path.stat().st_mtime - 3600 * hours_ago
        for each in (path, path.parent):
            os.utime(each, (then, then))
        return path

    goes_on = begun(8000, hours_ago=100)
    ended = [begun(8001 + number, hours_ago=50 - number) for number in range(4)]
    # The first of all has written a line since; its folder is as old as it was.
    goes_on.touch()
    begun(9000, hours_ago=0)
    assert [goes_on.exists(), ended[-1].exists(), ended[0].exists()] == [True, True, False]


@pytest.mark.parametrize("since", ["99999999d", "9999999999s", "87673h"])
def test_a_time_longer_than_any_log_is_kept_is_refused(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["logs", "--query", "scans", "--since", since])
    assert "error" in capsys.readouterr().err


def test_the_latest_value_of_a_group_is_that_of_its_newest_line_with_one() -> None:
    found = [
        {**line(security="refusal", code=code, request_id=name), "@timestamp": NOW + timedelta(seconds=seconds)}
        for seconds, code, name in ((2, "A", "r2"), (3, "A", None), (1, "A", "r1"), (0, "B", None))
    ]
    rows = evaluation.run(QUERIES["refusals-by-caller"].text, found)
    assert {row["code"]: row.get("one_request") for row in rows} == {"A": "r2", "B": None}
