"""The charge of the machine's battery, from files as Linux has them."""

from pathlib import Path

import pytest

from reader_agent import battery


def supply(folder: Path, name: str, **files: str) -> None:
    (folder / name).mkdir()
    for file, text in files.items():
        (folder / name / file).write_text(f"{text}\n")


def test_the_lowest_of_the_machines_own_batteries_counts(tmp_path: Path) -> None:
    supply(tmp_path, "AC", type="Mains", online="1")
    supply(tmp_path, "BAT0", type="Battery", capacity="87")
    supply(tmp_path, "BAT1", type="Battery", capacity="12")
    supply(tmp_path, "hidpp_0", type="Battery", scope="Device", capacity="3")
    assert battery.percent(tmp_path) == 12


@pytest.mark.parametrize("capacity", ["", "full", "-1", "101", "١٢"])
def test_a_battery_that_does_not_say_is_none(tmp_path: Path, capacity: str) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity=capacity)
    assert battery.percent(tmp_path) is None


def test_a_machine_without_a_battery_has_none(tmp_path: Path) -> None:
    assert battery.percent(tmp_path) is None
    assert battery.percent(tmp_path / "nothing") is None
