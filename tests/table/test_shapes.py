"""Shapes of items: a former one is read as the newest, is upgraded without losing a write, and a rollback is safe."""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.events import venues
from chalicelib.table import items, keys, operations, shapes
from chalicelib.table.families import OF_KIND, kind_of
from chalicelib.table.items import Item, KnownVenue
from infra.rebuild.upgrade import Upgrade, main
from tests.support.ground import environment
from tests.support.meanwhile import before


def put_former(venue_id: str) -> None:
    """Store a venue as releases did before venues had versions and counted their events."""
    place = keys.events.venue(venue_id)
    raw = {"venue_id": {"S": venue_id}, "name": {"S": "Old Hall"}, "kind": {"S": "venue"}}
    operations.put_raw([{"pk": {"S": place.pk}, "sk": {"S": place.sk}, **raw}])


def stored(venue_id: str) -> dict[str, Any]:
    place = keys.events.venue(venue_id)
    key = {"pk": {"S": place.pk}, "sk": {"S": place.sk}}
    client: Any = operations.client()
    raw: dict[str, Any] = client.get_item(TableName="gatehouse", Key=key)["Item"]
    return raw


def upgrade() -> Upgrade:
    job = Upgrade(operations.client(), "gatehouse")
    client: Any = operations.client()
    job.take(client.scan(TableName="gatehouse")["Items"])
    return job


@pytest.mark.usefixtures("moto_cloud")
def test_a_former_shape_is_read_as_the_newest_and_may_be_changed_before_it_is_upgraded() -> None:
    put_former("ven_1")
    read = venues.get("ven_1")
    assert (read.version, read.event_count, read.shape) == (0, 0, 2)
    assert "shape" not in stored("ven_1")
    changed = venues.change("ven_1", {"city": "Lahore"}, version=0)
    assert (changed.version, changed.city) == (1, "Lahore")
    job = upgrade()
    assert (job.former, job.written) == (1, 1)
    after = stored("ven_1")
    assert (after["version"], after["event_count"], after["shape"]) == ({"N": "1"}, {"N": "0"}, {"N": "2"})
    assert upgrade().former == 0


@pytest.mark.usefixtures("moto_cloud")
def test_an_upgrade_loses_no_write_beside_it() -> None:
    put_former("ven_1")

    def counted() -> None:
        operations.commit(*venues.moving(None, "ven_1"))

    with before("UpdateItem", counted):
        job = upgrade()
    assert (job.written, job.failed) == (1, 0)
    assert stored("ven_1")["event_count"] == {"N": "1"}


@pytest.mark.usefixtures("moto_cloud")
def test_the_command_upgrades_everything_and_a_former_release_reads_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        put_former(f"ven_{number}")
    new = venues.add(name="New Hall")
    assert new.shape == 2
    arguments = ["--stage", "test", "--table", "gatehouse", "--threads", "1", "--mark", str(tmp_path / "mark.json")]
    with environment():
        assert main([*arguments, "--dry-run"]) == 0
        assert main([*arguments, "--page", "2"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "3 items of a former shape, 0 written, 0 kept changing",
        "3 items of a former shape, 3 written, 0 kept changing",
    ]
    # A former release has no step and no such attribute: it reads all that it knew, under the names that it knew.
    known = set(KnownVenue.get_attributes()) - {"shape"}
    raw = stored("ven_0")
    assert set(raw) - known == {"shape"}
    assert raw["version"] == raw["event_count"] == {"N": "0"}


def raw_of(cls: type[Item]) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": "s"}, "kind": {"S": kind_of(cls)}}


@pytest.mark.parametrize("cls", [OF_KIND[kind] for kind in sorted(OF_KIND)], ids=lambda cls: str(cls.__name__))
def test_attributes_and_shapes_of_a_later_release_are_passed_by(cls: type[Item]) -> None:
    later = {"of_tomorrow": {"M": {"deep": {"L": [{"S": "?"}]}}}, "shape": {"N": "99"}}
    read = Item.from_raw_data({**raw_of(cls), **later})
    assert type(read) is cls
    assert read.shape == 99


def test_an_item_of_an_unknown_kind_is_of_no_class_that_a_reader_looks_for() -> None:
    read = Item.from_raw_data({"pk": {"S": "p"}, "sk": {"S": "s"}, "kind": {"S": "of_tomorrow"}, "x": {"S": "?"}})
    assert type(read) is Item
    assert read.pk == "p"


def test_a_step_may_run_twice_and_looks_at_what_it_says_alone() -> None:
    for kind, steps in shapes.STEPS.items():
        assert kind in OF_KIND
        for step in steps:
            made = step.make({})
            assert step.make({name: value for name, value in made.items() if value is not None}) == {}
            assert set(made) <= set(step.reads) | set(OF_KIND[kind].get_attributes())
    assert isinstance(items.KnownVenue().shape, int)
