"""Every test's environment, the patches of moto and botocore, and the platform's resources on moto."""

import gc
import os
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    # moto does not know the endpoints that carry an account id.
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
    # In one run an engine does not earn back what Java spends on its second compiler: 89 instead of 68 CPU s for the
    # fault tests.
    JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1",
    STAGE="local",
    TABLE_NAME="gatehouse",
    POWERTOOLS_LOG_LEVEL="WARNING",
)
# On a busy machine an engine takes longer than a deployed service may.
for _name in ("TABLE", "SERVICE", "SOCKET"):
    os.environ.setdefault(f"LIMIT_{_name}_MS", "30000")
# The tests of a customer's own reservations set the deployed number.
os.environ.setdefault("LIMIT_OPEN_RESERVATIONS", "1000")
# One caller of the tests sends more in a minute than a principal may. tests/security/test_request_rates.py sets the
# rate of a stage.
for _name in ("REQUESTS", "DEVICE_REQUESTS"):
    os.environ.setdefault(f"LIMIT_{_name}", "1000000")
# The tests of the pace, and the bench, set their own.
os.environ.setdefault("ANSWER_PACE_MS", "0")

import pytest
import ulid
from moto import mock_aws

from tests.support import branch_coverage

# Before anything imports the package.
_measurement = branch_coverage.plugin()

from tests.support import (
    cheap_hashes,
    cheap_requests,
    distinct_codes,
    fault_days,
    moto_answers,
    moto_copies,
    moto_direct,
    moto_expressions,
    moto_queries,
    moto_requests,
    service_models,
    table_bounds,
)

# Before the modules below import what the patches replace.
service_models.install()
moto_copies.install()
table_bounds.install()
moto_answers.install()
moto_queries.install()
moto_expressions.install()
moto_requests.install()
moto_direct.install()
cheap_hashes.install()
cheap_requests.install()
distinct_codes.install()

from chalicelib import clock
from tests.support import cloud, sweeps
from tests.support.caches import forget_answers
from tests.support.ticking import TickingClock, within_a_day, within_a_window

# Before a test is collected, and the same for all workers of a run.
fault_days.choose()


def pytest_configure(config: pytest.Config) -> None:
    """Measure branch coverage where COVERAGE=1 asks for it."""
    if _measurement is not None:
        config.pluginmanager.register(_measurement)


# Shared out by day. A family has a test for each route, field or value: a run of everything tries a sixteenth of it,
# and one test at least. Each race and fault starts an engine's work, each flow of the console a browser's, and each of
# local runs a run's: it tries an eighth of them, by their names (of the cost tests, and of a file that is marked
# `by_day("file")`, by their files, which share data). What is marked `each_run` is always tried.
_FAMILIES = ("contract", "security", "infra", "portals")
_ONE_BY_ONE = ("truth", "faults", "console", "operations")
_BY_FILE = ("cost",)
_DAYS, _DAYS_OF_A_FAMILY = 8, 16
# Python asks for one after 700; a test makes some thousands.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
# Characters of a parameter in a test's id.
_LONGEST_OF_AN_ID = 200


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shorten a long text in a test's id, which workers send with each report: one photo made an id of 20 MB."""
    if not isinstance(val, bytes | str) or len(val) <= _LONGEST_OF_AN_ID:
        return None
    return f"{val[:20]!a} and {len(val) - 20} more"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the other days' share of what is shared out from a run of everything."""
    if fault_days.is_everything() or not any(Path(each).name == "tests" for each in config.args):
        return
    families: dict[str, list[str]] = defaultdict(list)
    others: list[str] = []
    for item in items:
        if not item.get_closest_marker("each_run"):
            if (family := _family_of(item)) is not None:
                families[family].append(item.nodeid)
            elif _is_of_another_day(item):
                others.append(item.nodeid)
    left_out = {*others, *(name for names in families.values() for name in _of_other_days(sorted(names)))}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left_out])
    items[:] = [item for item in items if item.nodeid not in left_out]


def _kind_of(item: pytest.Item) -> str:
    return item.nodeid.removeprefix("tests/").partition("/")[0]


def _family_of(item: pytest.Item) -> str | None:
    """Return the name of the family that a test is one of, if it is shared out with it."""
    is_one = _kind_of(item) in _FAMILIES and "[" in item.name and item.get_closest_marker("by_day") is None
    return item.nodeid.partition("[")[0] if is_one else None


def _of_other_days(names: Sequence[str]) -> Iterator[str]:
    """Yield those of a family that are not tried today; each is tried on one day of sixteen, or of a smaller number."""
    days = min(len(names), _DAYS_OF_A_FAMILY)
    first = zlib.crc32(names[0].partition("[")[0].encode()) + fault_days.today()
    yield from (name for place, name in enumerate(names) if (place + first) % days != 0)


def _is_of_another_day(item: pytest.Item) -> bool:
    kind, mark = _kind_of(item), item.get_closest_marker("by_day")
    is_one_file = kind in _BY_FILE or (mark is not None and "file" in mark.args)
    name = item.path.name if is_one_file else item.nodeid
    is_shared = kind in (*_ONE_BY_ONE, *_BY_FILE) or (kind == "local" and _starts_an_engine(item)) or mark is not None
    return is_shared and (zlib.crc32(name.encode()) + fault_days.today()) % _DAYS != 0


def _starts_an_engine(item: pytest.Item) -> bool:
    return any("engines" in mark.args for mark in item.iter_markers("xdist_group"))


def pytest_collection_finish() -> None:
    """Take what collection has made out of the garbage collector, and call that seldom: it cost 6 % of a run's CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def pytest_report_header(config: pytest.Config) -> str | None:
    return None if hasattr(config, "workerinput") else fault_days.described()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the share of faults and the seed of the order where -q leaves out the header."""
    if not terminalreporter.showheader:
        terminalreporter.write_line(fault_days.described())
        seed = terminalreporter.config.getoption("randomly_seed")
        terminalreporter.write_line(f"random order: --randomly-seed={seed} repeats it")


@pytest.fixture(scope="session", autouse=True)
def _no_millisecond_twice() -> Iterator[TickingClock]:
    """Readings of the clock always differ, as they do on a busy machine."""
    ticking = TickingClock()
    ulid.default_generator = ulid.ULIDGenerator(clock=ticking.milliseconds)
    with clock.driven_by(ticking):
        yield ticking


@pytest.fixture(autouse=True)
def _clock_is_given_back(_no_millisecond_twice: TickingClock) -> Iterator[None]:
    """Let no test leave the clock of the process held: one that threads set in turns stays with the last of them."""
    with clock.driven_by(_no_millisecond_twice):
        yield
        readings = {clock.now() for _ in range(2)}
    assert len(readings) == 2, "this test left the clock held"


@pytest.fixture
def moto_cloud() -> Iterator[None]:
    """The platform's resources on moto: for breadth; requests to its table take turns.

    The clients stay from test to test: a test that makes clients for another endpoint drops them.
    """
    with mock_aws():
        forget_answers()
        cloud.create_on_moto(cloud.MASTER_SECRET)
        yield
    forget_answers()


@pytest.fixture
def one_day() -> Iterator[None]:
    """All of the test is of one day (UTC), at every hour: for what counts, lists or compares the rows of today."""
    with within_a_day():
        yield


@pytest.fixture
def one_window() -> Iterator[None]:
    """All of the test is in one window of each rate limit: for what fills a limit and is then refused."""
    with within_a_window():
        yield


@pytest.fixture
def swept(moto_cloud: None) -> None:  # noqa: ARG001  # the cloud comes first
    """Set the sweep's mark to now, not to three hours ago."""
    sweeps.begin()
