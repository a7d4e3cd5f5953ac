"""The archive of the gates' function serves every route of it alone, and loads little at a cold start."""

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from chalicelib.portals.http.route import ROUTES
from infra.package import archive, parts, shares
from infra.package.targets import ROOT
from tests.contract.ground import Ground
from tests.contract.shared_ground import cloud_with_ground

pytestmark = pytest.mark.xdist_group("gates archive")

# The bound on what is unpacked; the rest is room for growth.
_UNPACKED_BYTES = 60 * 1024**2
# What a cold start may load before its first scan is answered. More is slower: look for the import that brings it.
# A module of words or of one area costs about 0.3 ms; one of a library may cost tens.
_MODULES = 820
_SERVE = """
import json, sys
sys.path[:] = [sys.argv[1], *sys.path]
import gates
at_import = set(sys.modules)
from chalicelib import botocore_session
sessions = botocore_session.kept.cache_info()
answers = []
for event in json.load(sys.stdin):
    answer = gates.app(event, None)
    answers.append([answer["statusCode"], answer["body"] if answer["statusCode"] >= 400 else ""])
foreign = [
    name for name, module in list(sys.modules.items())
    if (found := getattr(module, "__file__", None)) and not found.startswith((sys.argv[1], sys.argv[3]))
]
with open(sys.argv[2], "w") as out:
    json.dump(
        {
            "answers": answers,
            "at_import": sorted(at_import),
            "foreign": foreign,
            "sessions": [sessions.misses, sessions.hits],
        },
        out,
    )
"""


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's folder, made of the packages that are installed here."""
    whole, made = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("gates")
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        (whole / path.name).symlink_to(path)
    for name in ("chalicelib", "gates.py"):
        (whole / name).symlink_to(ROOT / name)
    parts.copy("gates", whole, made)
    archive.drop_unused_services(made)
    return made


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with cloud_with_ground() as found:
        yield found


@pytest.fixture(scope="module")
def served(part: Path, ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an interpreter without other packages answered to a rightful request of each route, a scan first."""
    routes = sorted(
        (route for route in ROUTES if shares.function_of(route.path) == shares.GATES),
        # A log-out would end the session of the others.
        key=lambda route: (route.operation_id != "usher_scan", route.operation_id.endswith("logout")),
    )
    events = [ground.event(route, ground.rightful(route), token=ground.token(route)) for route in routes]
    out = tmp_path_factory.mktemp("served") / "answers.json"
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        done = subprocess.run(
            # No site packages, no variables of Python's, no folder of the command.
            [sys.executable, "-I", "-S", "-c", _SERVE, str(part), str(out), str(Path(json.__file__).parents[1])],
            input=json.dumps(events),
            env={
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_DEFAULT_REGION": "us-east-1",
                "_HANDLER": "gates.app",
            },
            cwd=part,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    found["routes"] = [route.operation_id for route in routes]
    return found


def test_every_route_of_the_gates_is_served_from_the_archive_alone(served: dict[str, Any]) -> None:
    answered = dict(zip(served["routes"], served["answers"], strict=True))
    assert len(answered) > 30
    assert {name: answer for name, answer in answered.items() if answer[0] >= 300} == {}
    assert served["foreign"] == []


def test_a_cold_start_loads_no_other_portal_and_few_modules(served: dict[str, Any]) -> None:
    loaded = served["at_import"]
    portals = {name.split(".")[2] for name in loaded if name.startswith("chalicelib.portals.")}
    assert portals <= {"device", "http", "scan_records", "session_routes", "usher"}
    assert not [name for name in loaded if name.startswith(("chalicelib.workers", "chalicelib.domain.campus"))]
    assert len(loaded) <= _MODULES
    # Of providers and certificates a gate needs nothing (chalicelib/seldom.py); each costs some 10 ms.
    assert not [name for name in loaded if name.startswith(("chalicelib.clients.providers", "cryptography.x509."))]


def test_the_clients_of_a_cold_start_share_one_session(served: dict[str, Any]) -> None:
    created, used_again = served["sessions"]
    assert created == 1
    assert used_again == 1


def test_the_archive_is_small_and_has_nothing_that_makes_documents_or_pictures(part: Path) -> None:
    assert sum(path.stat().st_size for path in part.rglob("*") if path.is_file()) <= _UNPACKED_BYTES
    heavy = ("PIL", "fpdf", "fontTools", "uharfbuzz", "segno", "zxingcpp", "pypdfium2", "stripe", "icalendar", "boto3")
    assert [name for name in heavy if (part / name).exists() or (part / f"{name}.py").exists()] == []


def test_the_routes_of_the_gates_and_no_others_are_in_their_application() -> None:
    code = "import gates, json; print(json.dumps({path: sorted(found) for path, found in gates.app.routes.items()}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    expected: dict[str, list[str]] = {}
    for route in ROUTES:
        if shares.function_of(route.path) == shares.GATES:
            expected.setdefault(route.path, []).extend(route.methods)
    assert found == {path: sorted(methods) for path, methods in expected.items()}


def test_an_import_inside_a_function_is_found() -> None:
    own, others = parts.imported("gates")
    assert {"chalicelib.portals.usher.scans", "chalicelib.domain.admission"} <= own
    # argon2 is imported by a function of passwords.py alone.
    assert {"argon2", "anyascii", "phonenumbers"} <= others
