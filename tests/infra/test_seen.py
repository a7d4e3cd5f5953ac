"""`make deploy-local` may only succeed when everything was seen."""

import subprocess
from pathlib import Path
from typing import NoReturn

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from infra.deploy.seen import NotSeen, hold, wait_for
from infra.deploy_local.__main__ import used
from infra.local.resources import Cloud
from infra.package.builder import Package


def test_what_does_not_hold_stops_the_run_with_both_sides() -> None:
    hold("equal", 1, 1)
    with pytest.raises(NotSeen, match=r"the scan: expected 'valid', and saw 'already_scanned'"):
        hold("the scan", "already_scanned", "valid")


def test_what_never_comes_stops_the_run() -> None:
    looks = iter([[], [], ["a mail"]])
    assert wait_for("a mail", lambda: next(looks), seconds=5) == ["a mail"]
    with pytest.raises(NotSeen, match="not seen within"):
        wait_for("nothing", lambda: None, seconds=0)


@pytest.mark.parametrize(
    "fault",
    [
        NotSeen("the scan: not seen"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
        ClientError({"Error": {"Code": "Throttling"}}, "Invoke"),
        subprocess.TimeoutExpired("make redrive", 180),
        ConnectionRefusedError(111, "refused"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_what_an_engine_does_not_do_fails_the_run_in_words(
    fault: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Faulty(Cloud):
        def client(self, *_: object, **__: object) -> NoReturn:
            raise fault

    template = tmp_path / "template.json"
    template.write_text('{"Resources": {}}')
    package = Package(template, tmp_path / "a.zip", "a.zip", tmp_path / "b.zip", "b.zip")
    assert used(Faulty("http://127.0.0.1:1", "http://127.0.0.1:1"), package) == 1
    assert str(fault.args[-1] if fault.args else fault) in capsys.readouterr().err
