"""The audit finds what is insecure, and says why it could not look."""

import socket
from pathlib import Path

import pytest

from infra import audit


def test_insecure_code_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = tmp_path / "insecure.py"
    code.write_text("import yaml\n\n\ndef read(text):\n    return yaml.load(text, Loader=yaml.Loader)\n")
    assert audit.is_insecure(str(code))
    assert "B506" in capsys.readouterr().err


def test_the_code_of_the_retries_is_found_secure() -> None:
    assert not audit.is_insecure("chalicelib/table/retries.py")


def test_a_check_that_does_not_end_is_said_and_does_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.is_insecure("chalicelib/table/retries.py", seconds=0.01)
    assert "did not end" in capsys.readouterr().err


def test_a_service_that_cannot_be_reached_is_named_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    why = audit.unreachable(f"http://127.0.0.1:{port}/")
    assert why is not None
    assert "refused" in why
