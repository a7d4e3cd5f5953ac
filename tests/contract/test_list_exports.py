"""Every declared list of the staff's portal, exported by its own route: the rows of its pages, in their order."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree

import pytest

from chalicelib.clients import files
from chalicelib.domain.access import permissions
from chalicelib.domain.access.permissions import Permission
from chalicelib.domain.exports import export_runs
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.declared import LISTS
from chalicelib.errors import Unavailable
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.vocabulary.access import AdminRole, Portal
from chalicelib.vocabulary.work import JobStatus
from chalicelib.workers import jobs as worker
from tests.contract import admin
from tests.contract.ground import Ground
from tests.contract.request import Request
from tests.contract.test_lists import ROUTE_OF, UNSHOWN, ask, ids, items_of, reader
from tests.support.client import Answer, call
from tests.support.declared import list_of
from tests.support.meanwhile import after
from tests.support.streams import StreamReader

# Campus has reports of its own. The audit log is exported by a route of the contract.
_OTHERWISE = {"campus_users", "campus_events", "attendance", "appeals", "audit_entries"}
EXPORTED = [listed for listed in LISTS if listed.name not in _OTHERWISE | UNSHOWN]
# As CSV the contract has the lines of one event there.
_WORKBOOKS_ALONE = {"settlements"}
FORMULA = "=HYPERLINK(1)"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _named(listed: AnyList) -> str:
    return listed.name


@pytest.fixture(scope="module")
def filled(ground: Ground) -> Ground:
    """Rows of every list of staff, with their entries; one venue is named like a formula."""
    stream = StreamReader()
    for make in admin.ROWS:
        make(ground)
    venue = {"name": FORMULA, "city": "Lahore", "country": "Pakistan"}
    assert call("POST", "/api/venues/", venue, token=reader(ground, ROUTE_OF["venues"])).status == 201
    stream.drain()
    return ground


def formats(listed: AnyList) -> list[str]:
    """Return the kinds of files that a list is exported as."""
    return ["xlsx"] if listed.name in _WORKBOOKS_ALONE else ["csv", "xlsx"]


def begin(ground: Ground, listed: AnyList, **query: Any) -> str:
    """Ask for an export; return the job."""
    answer = ask(ground, listed, **query)
    assert answer.status == 202, answer.text
    return str(answer.json["job_id"])


def work(job_id: str) -> None:
    worker.handle({"Records": [{"messageId": "1", "body": json.dumps({"job_id": job_id})}]})


def stored(job_id: str) -> bytes:
    run = operations.get(keys.jobs.export(job_id))
    assert run is not None
    assert run.status == JobStatus.COMPLETE
    return files.read(str(run.file), limit=10**7) or b""


def exported(ground: Ground, listed: AnyList, **query: Any) -> list[list[str]]:
    """Return the rows of an export, the columns first."""
    job_id = begin(ground, listed, **query)
    work(job_id)
    content = stored(job_id)
    if query["format"] == "xlsx":
        return _cells(content)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def _cells(workbook: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        sheet = ElementTree.fromstring(packed.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own file
    rows = [_by_column(row) for row in sheet.iter(f"{_SHEET}row")]
    return [[row.get(column, "") for column in rows[0]] for row in rows]


def _by_column(row: ElementTree.Element) -> dict[str, str]:
    """Return the cells of a row by the letters of their columns; empty cells are left out of a workbook."""
    return {cell.attrib["r"].rstrip("0123456789"): "".join(cell.itertext()) for cell in row.iter(f"{_SHEET}c")}


def ids_in(listed: AnyList, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the ids of the rows, as `ids` does of pages."""
    assert rows[0][0] == "id"
    at = rows[0].index(listed.id_name) if listed.id_name in rows[0] else 0
    return [row[at] for row in rows[1:]]


def test_every_list_of_staff_is_exported_by_each_of_its_routes() -> None:
    without = {listed.name for route in ROUTES if (listed := list_of(route.query)) is not None and not route.exports}
    assert without <= _OTHERWISE | {"events"}
    assert {listed.name for listed in EXPORTED} <= {name for name, route in ROUTE_OF.items() if route.exports}


@pytest.mark.parametrize("listed", EXPORTED, ids=_named)
def test_an_export_has_the_rows_of_the_pages_in_their_order(filled: Ground, listed: AnyList) -> None:
    whole = ids(filled, listed)
    assert len(whole) >= 2
    for wanted in formats(listed):
        rows = exported(filled, listed, format=wanted, page_size=1)
        assert ids_in(listed, rows) == whole
        assert set(listed.filters) <= set(rows[0])
    for ordering in listed.orderings_allowed:
        rows = exported(filled, listed, format=formats(listed)[0], ordering=ordering)
        assert ids_in(listed, rows) == ids(filled, listed, ordering=ordering), ordering


@pytest.mark.parametrize("listed", EXPORTED, ids=_named)
def test_an_export_has_what_a_filter_and_a_search_select(filled: Ground, listed: AnyList) -> None:
    items = items_of(listed)
    found = {name: value for name, each in listed.filters.items() for item in items for value in each.values(item)[:1]}
    queries = [{name: value} for name, value in found.items()]
    queries.append({"search": next(word for item in items for text in listed.texts_of(item) for word in text.split())})
    assert len(queries) >= 2
    for query in queries:
        selected = ids(filled, listed, **query)
        assert selected
        assert ids_in(listed, exported(filled, listed, format=formats(listed)[0], **query)) == selected, query


@pytest.mark.parametrize("listed", EXPORTED, ids=_named)
def test_a_cell_says_what_the_field_of_its_name_says_on_a_page(filled: Ground, listed: AnyList) -> None:
    shown = ask(filled, listed, page_size=100).json["results"]
    columns, *rows = exported(filled, listed, format="xlsx")
    assert len(rows) == len(shown)
    for on_page, row in zip(shown, rows, strict=True):
        in_file = dict(zip(columns, row, strict=True))
        both = set(columns) & set(on_page) - {"taken_back"}  # empty in a file where nothing was
        assert {name: in_file[name] for name in both} == {name: _in_cell(on_page[name]) for name in both}


def _in_cell(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["amount"])  # the currency is a column of its own
    if isinstance(value, list):
        return "; ".join(map(_in_cell, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@pytest.mark.parametrize("listed", EXPORTED, ids=_named)
def test_the_same_request_is_the_same_job_and_another_is_another(filled: Ground, listed: AnyList) -> None:
    first = begin(filled, listed, format="xlsx", page_size=7)
    assert begin(filled, listed, format="XLSX", page_size=8) == first
    assert begin(filled, listed, format="xlsx", ordering=listed.orderings_allowed[0]) != first
    progress = call("GET", f"/api/jobs/{first}/", token=reader(filled, ROUTE_OF[listed.name]))
    assert (progress.status, progress.json["kind"]) == (200, "export")


@pytest.mark.parametrize("listed", EXPORTED, ids=_named)
def test_what_a_page_refuses_an_export_refuses(filled: Ground, listed: AnyList) -> None:
    wrong: list[dict[str, Any]] = [
        {"format": "pdf"},
        {"format": "xlsx", "shoe_size": "44"},
        {"format": "xlsx", "ordering": "shoe_size"},
        {"format": "xlsx", "search": "?!"},
    ]
    for query in wrong:
        assert ask(filled, listed, **query).status == 400, query


def _as(ground: Ground, route: AnyRoute, role: AdminRole) -> Answer:
    return ground.send(route, Request(query="format=xlsx"), token=ground.access(Portal.ADMIN, role=role))


@pytest.mark.parametrize("listed", EXPORTED, ids=_named)
def test_a_list_of_people_is_exported_by_administrators_and_any_other_by_its_readers(
    filled: Ground, listed: AnyList
) -> None:
    route = ROUTE_OF[listed.name]
    assert route.guard is not None
    readers = route.guard.accepted_roles or ()
    for role in AdminRole:
        may = role in readers and (not listed.has_people or permissions.may(role, Permission.MANAGE))
        answer = _as(filled, route, role)
        assert answer.status == (202 if may else 403), role


def test_an_export_and_its_refusal_are_in_the_audit_log_and_a_page_is_not(filled: Ground) -> None:
    stream, route = StreamReader(), ROUTE_OF["customers"]
    token = filled.access(Portal.ADMIN, role=AdminRole.SUPER_ADMIN)

    def entries() -> list[tuple[str, str, str]]:
        stream.drain()
        log = call("GET", "/api/logs/system/?action=customers.export&page_size=100", token=token).json["results"]
        return [(entry["result"], entry["role"], entry["entity_type"]) for entry in log]

    before = len(entries())
    ask(filled, _listed("customers"))
    assert len(entries()) == before
    assert _as(filled, route, AdminRole.SUPPORT).code == "FORBIDDEN"
    assert _as(filled, route, AdminRole.ADMIN).status == 202
    assert entries()[: len(entries()) - before] == [
        ("done", "admin", "customers"),
        ("refused", "support", "customers"),
    ]


def _listed(name: str) -> AnyList:
    return next(listed for listed in EXPORTED if listed.name == name)


@pytest.mark.parametrize("wanted", ["csv", "xlsx"])
def test_a_formula_in_a_name_is_a_text_in_a_file(filled: Ground, wanted: str) -> None:
    columns, *rows = exported(filled, _listed("venues"), format=wanted, search="hyperlink")
    # A cell of a workbook is a text by its type; that of a CSV begins with an apostrophe.
    assert [row[columns.index("name")] for row in rows] == [f"'{FORMULA}" if wanted == "csv" else FORMULA]


def test_amounts_and_times_are_spelled_as_on_the_page(filled: Ground) -> None:
    for name in ("payouts", "profit_withdrawals", "unclaimed", "refund_requests"):
        listed = _listed(name)
        columns, *rows = exported(filled, listed, format="csv")
        shown = {entry["id"]: entry for entry in ask(filled, listed, page_size=100).json["results"]}
        assert len(rows) == len(shown) >= 2
        for row in (dict(zip(columns, row, strict=True)) for row in rows):
            entry = shown[row["id"]]
            for amount in listed.amounts:
                assert entry[amount] == {"amount": row[amount] or "0.00", "currency": row["currency"]}
            for column in (order.shown_as or each for each, order in listed.orderings.items()):
                assert row[column] == (entry[column]["amount"] if column in listed.amounts else entry[column])


@pytest.mark.parametrize("kind", ["organizer", "merchant", "usher", "admin"])
def test_a_list_of_one_kind_of_user_exports_that_kind_alone(filled: Ground, kind: str) -> None:
    (route,) = (each for each in ROUTES if each.path == f"/api/{kind}s" and each.method == "GET")
    begun = filled.send(route, Request(query="format=csv"), token=reader(filled, route))
    assert begun.status == 202
    work(begun.json["job_id"])
    columns, *rows = csv.reader(io.StringIO(stored(begun.json["job_id"]).decode("utf-8-sig"), newline=""))
    assert {row[columns.index("type")] for row in rows} == {kind}
    page = filled.send(route, Request(query="page_size=100"), token=reader(filled, route)).json["results"]
    assert [row[0] for row in rows] == [user["id"] for user in page]


def test_an_export_of_the_organizer_of_one_event_is_refused_rather_than_empty(filled: Ground) -> None:
    (route,) = (each for each in ROUTES if each.path == "/api/organizers" and each.method == "GET")
    query = f"event_id={demo.EVENT_ID}"
    page = filled.send(route, Request(query=query), token=reader(filled, route))
    assert len(page.json["results"]) == 1
    refused = filled.send(route, Request(query=f"{query}&format=csv"), token=reader(filled, route))
    assert (refused.status, refused.json["error"]["details"][0]["field"]) == (400, "event_id")


def _lost() -> None:
    raise Unavailable(retry_after=1)


@pytest.mark.parametrize("dies_after", range(5))
def test_a_step_that_dies_anywhere_is_done_again_and_leaves_one_file(filled: Ground, dies_after: int) -> None:
    listed = _listed("tickets")
    ordering = listed.orderings_allowed[dies_after % 2]
    # Each time another request, so another job.
    since = f"2020-01-{dies_after + 1:02d}"
    query = {"ordering": ordering, "issued_at_from": since}
    job_id = begin(filled, listed, format="csv", **query)
    with suppress(Unavailable), after(("Query", "UpdateItem"), *[None] * dies_after, _lost):
        export_runs.run_step(job_id)
    work(job_id)
    rows = list(csv.reader(io.StringIO(stored(job_id).decode("utf-8-sig"), newline="")))
    assert ids_in(listed, rows) == ids(filled, listed, **query)
    run = operations.get(keys.jobs.export(job_id))
    assert run is not None
    assert run.done == len(rows) - 1
