"""The log and the tables that a person at the terminal reads."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.observability import log_keys, logger
from chalicelib.schemas.examples import demo
from infra.local import terminal_log, welcome
from infra.local.demo import demo_passwords
from infra.local.resources import Cloud
from infra.local.runner import Options

CLOUD = Cloud("http://127.0.0.1:4566", "http://127.0.0.1:8001")
ESCAPE = "\x1b["


class Terminal(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def lines(self) -> list[str]:
        return self.getvalue().splitlines()


@pytest.fixture
def handler() -> Iterator[Any]:
    """The platform's handler, which is restored at the end."""
    found = logger.registered_handler
    assert isinstance(found, logging.StreamHandler)
    root = logging.getLogger()
    earlier = (found.stream, found.formatter, list(found.filters), list(root.handlers))
    yield found
    found.setStream(earlier[0])
    found.setFormatter(earlier[1])
    found.filters[:] = earlier[2]
    root.handlers[:] = earlier[3]


def configured(handler: Any, *, is_terminal: bool = False, **environment: str) -> Terminal:
    terminal = Terminal(is_terminal=is_terminal)
    handler.setStream(terminal)
    terminal_log.configure(environment)
    return terminal


def log_one_request() -> None:
    line = {"method": "GET", "route": "/api/v1/events/{event_id}", "portal": "webapp", "status": 404}
    with log_keys(request_id="1f3c9a2e-0000"):
        logger.info("request", extra={**line, "code": "NOT_FOUND", "milliseconds": 12.5, "principal_id": "cus_1"})


def test_a_request_is_one_line_with_time_level_id_route_and_outcome(handler: Any) -> None:
    terminal = configured(handler)
    log_one_request()
    [line] = terminal.lines()
    moment, rest = line.split(" ", 1)
    assert len(moment) == len("12:00:00.000")
    assert rest == ("INFO    1f3c9a2e GET /api/v1/events/{event_id} 404 NOT_FOUND 12.5 ms webapp principal_id=cus_1")


def test_a_message_shows_its_ids_and_an_error_its_traceback(handler: Any) -> None:
    terminal = configured(handler)
    logger.info("scan decided", extra={"event_id": "evt_1", "result": "valid", "note": "two words", "nothing": None})
    try:
        [].pop()
    except IndexError:
        logger.exception("batch failed")
    first, second, *trace = terminal.lines()
    assert first.endswith("scan decided event_id=evt_1 result=valid note='two words'")
    assert second.endswith("ERROR            batch failed")
    assert trace[0].startswith("Traceback")
    assert trace[-1] == "IndexError: pop from empty list"


def test_colours_are_for_terminals_only_and_no_color_is_respected(handler: Any) -> None:
    for is_terminal, environment, has_colours in (
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ):
        terminal = configured(handler, is_terminal=is_terminal, **environment)
        log_one_request()
        assert (ESCAPE in terminal.getvalue()) == has_colours, (is_terminal, environment)


def test_json_is_there_where_it_is_asked_for(handler: Any) -> None:
    terminal = configured(handler, is_terminal=True, LOG="json")
    log_one_request()
    [line] = map(json.loads, terminal.lines())
    assert (line["message"], line["request_id"], line["status"]) == ("request", "1f3c9a2e-0000", 404)


def test_a_schedule_that_ran_as_ever_is_not_shown_and_one_that_raised_is(handler: Any) -> None:
    terminal = configured(handler)
    facts = {"function": "sweep", "schedule_id": "1", "milliseconds": 3.0}
    logger.info("call", extra=facts)
    assert terminal.lines() == []
    logger.error("call", extra=facts)
    assert "sweep 3.0 ms" in terminal.getvalue()


def test_nothing_below_a_warning_is_logged_while_it_is_quiet(handler: Any) -> None:
    terminal = configured(handler)
    with terminal_log.warnings_only():
        logger.info("quiet")
        logger.warning("loud")
    logger.info("again")
    assert [line.rpartition(" ")[2] for line in terminal.lines()] == ["loud", "again"]


def test_a_librarys_warning_is_shown_once_and_in_the_same_shape(handler: Any) -> None:
    terminal = configured(handler)
    logging.getLogger("uvicorn.error").warning("a warning of the server")
    logging.getLogger("gatehouse.local").warning("a warning of the pump")
    assert [line.split(" ", 1)[1] for line in terminal.lines()] == [
        "WARNING          a warning of the server",
        "WARNING          a warning of the pump",
    ]


def test_the_tables_name_every_address_and_every_log_in_with_the_way_to_its_code() -> None:
    shown = welcome.tables(Options(8123, None, demo=True, on_dynamodb_local=True), CLOUD)
    for path in ("/api/", "/api/docs", "/api/openapi.json", "/_local/outbox/", "/_local/usage/", "/health/"):
        assert f"http://localhost:8123{path}" in shown
    for portal, name, password in (
        ("super admin", demo.ADMIN_EMAIL, demo_passwords.ADMIN),
        ("organizer", demo.ORGANIZER_NUMBER, demo_passwords.ORGANIZER),
        ("merchant", demo.MERCHANT_NUMBER, demo_passwords.MERCHANT),
        ("customer", demo.CUSTOMER_NUMBER, demo_passwords.CUSTOMER),
        ("usher", demo.USHER_USERNAME, demo_passwords.USHER),
        ("tix admin", demo.TIX_EMAIL, demo_passwords.TIX),
    ):
        # The console has pages of the same names.
        [row] = [line for line in shown.splitlines() if line.strip().startswith(f"{portal} ") and name in line]
        assert row.strip().removeprefix(portal).split()[:2] == [name, password]
    assert f"/_local/outbox/?to={demo.CUSTOMER_NUMBER.removeprefix('+')}' (the newest message is the first)" in shown
    assert "http://127.0.0.1:8001" in shown
    assert max(len(line) for line in shown.splitlines()) <= 110


def test_an_empty_start_shows_the_first_administrator_alone(tmp_path: Path) -> None:
    shown = welcome.tables(Options(8000, tmp_path, demo=False, on_dynamodb_local=False), CLOUD)
    assert demo.ADMIN_EMAIL in shown
    assert demo.USHER_USERNAME not in shown
    assert str(tmp_path) in shown
