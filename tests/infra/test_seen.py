"""`make deploy-local` may only succeed when everything was seen."""

import pytest

from infra.deploy.seen import NotSeen, hold, wait_for


def test_what_does_not_hold_stops_the_run_with_both_sides() -> None:
    hold("equal", 1, 1)
    with pytest.raises(NotSeen, match=r"the scan: expected 'valid', and saw 'already_scanned'"):
        hold("the scan", "already_scanned", "valid")


def test_what_never_comes_stops_the_run() -> None:
    looks = iter([[], [], ["a mail"]])
    assert wait_for("a mail", lambda: next(looks), seconds=5) == ["a mail"]
    with pytest.raises(NotSeen, match="not seen within"):
        wait_for("nothing", lambda: None, seconds=0)
