"""`make relist`: rows from before a list was declared get their entries, also where the command was killed."""

from pathlib import Path

import pytest

from chalicelib.domain.events import venues
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.lists.venues import VENUES
from infra import relist
from tests.support.meanwhile import failing

pytestmark = pytest.mark.usefixtures("moto_cloud")


def test_rows_without_entries_are_listed_and_a_killed_command_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"Hall {n}" for n in range(5)]
    for name in names:
        venues.add(name=name)
    arguments = ["--table", "gatehouse", "--mark", str(tmp_path / "mark.json"), "--limit", "2", "--units", "100000"]
    seen = 0

    def killed() -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), failing("Scan", act=killed):
        relist.main(arguments)
    assert (tmp_path / "mark.json").exists()
    assert relist.main(arguments) == 0
    assert [each.name for each in pages.page(VENUES, Asked(caller_id="adm_1")).results] == names
    assert not (tmp_path / "mark.json").exists()
    assert capsys.readouterr().out.endswith("done\n")
