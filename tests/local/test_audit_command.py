"""`make audit-verify`: whole or broken, by its end code and in words."""

import pytest

from chalicelib.config import config
from chalicelib.table import keys, operations
from infra import audit_log as command
from tests.support import audit, commands

pytestmark = pytest.mark.usefixtures("moto_cloud")
TABLE = ["--table", config().table_name]


def test_a_whole_log_ends_with_0_and_names_its_last_seal(capsys: pytest.CaptureFixture[str]) -> None:
    audit.fill(40, sealed_every=20)
    head = operations.get(keys.audit.audit_seal_head())
    assert head is not None
    named = f"{head.number}={head.digest}"
    assert commands.run(command.main, [*TABLE, "--seal", named]) == 0
    said = capsys.readouterr().out
    assert "Whole: 40 entries, 2 seals" in said
    assert named in said


def test_a_broken_log_and_an_unknown_seal_end_with_1_and_name_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    audit.fill(40, sealed_every=20)
    assert commands.run(command.main, [*TABLE, "--seal", f"1={'0' * 64}"]) == 1
    assert "BROKEN in seals at number 1" in capsys.readouterr().out
    operations.remove_many([keys.audit.audit_entry(5, 2)])
    assert commands.run(command.main, TABLE) == 1
    assert "BROKEN in shard 5 at number 2" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "1", "1=", f"-1={'0' * 64}", f"1={'g' * 64}", f"{'9' * 13}={'0' * 64}"])
def test_a_seal_that_cannot_be_one_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.run(command.main, [*TABLE, f"--seal={text}"])
    assert "is no number and digest" in capsys.readouterr().err
