"""`make redrive` on AWS: a letter that cannot be replayed is kept, and those behind it are replayed."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.redrive import __main__ as command
from tests.support.ground import environment

_RECORDS = 3


class Cloud:
    """What the command asks of AWS, for a stage whose stream function left some letters."""

    def __init__(self, *letters: str) -> None:
        self.letters = dict.fromkeys(letters, json.dumps({"payload": {"Records": [{"name": "عائشہ"}] * _RECORDS}}))
        self.gone: set[str] = set()
        self.refused: dict[str, str] = {}
        self.calls: list[bytes] = []
        self._asked = ""

    def create_client(self, *_: Any, **__: Any) -> "Cloud":
        return self

    def get_paginator(self, _: str) -> "Cloud":
        return self

    def paginate(self, **asked: str) -> list[dict[str, Any]]:
        if "StackName" in asked:
            names = ("Stream", "StreamLetters", "StreamDeadLetters", "Live", "LiveLetters", "LiveDeadLetters")
            resources = [{"LogicalResourceId": name, "PhysicalResourceId": name} for name in names]
            return [{"StackResourceSummaries": resources}]
        now = datetime.now(UTC)
        return [{"Contents": [{"Key": key, "LastModified": now, "Size": 1} for key in sorted(self.letters)]}]

    def get_object(self, *, Key: str, **_: str) -> dict[str, Any]:  # noqa: N803  # botocore's name
        if Key in self.gone:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        self._asked = Key
        return {"Body": io.BytesIO(self.letters[Key].encode())}

    def delete_object(self, *, Key: str, **_: str) -> None:  # noqa: N803  # as above
        del self.letters[Key]

    def invoke(self, *, Payload: bytes, **_: str) -> dict[str, Any]:  # noqa: N803  # as above
        if self._asked in self.refused:
            raise ClientError({"Error": {"Code": self.refused[self._asked]}}, "Invoke")
        self.calls.append(Payload)
        return {"Payload": io.BytesIO(b"{}")}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        return {}


def redrive(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(command, "get_session", lambda: cloud)
    with environment():
        return command.main(["--stage", "prod", "--table", "gatehouse", "--only", "stream"])


@pytest.mark.parametrize("code", ["RequestTooLargeException", "TooManyRequestsException"])
def test_a_letter_that_lambda_does_not_take_holds_up_no_other(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = Cloud("a", "b", "c")
    cloud.refused["a"] = code
    assert redrive(cloud, monkeypatch) == 1
    assert list(cloud.letters) == ["a"]
    shown = capsys.readouterr()
    assert f"2 letters with {2 * _RECORDS} records replayed, 1 kept" in shown.out
    assert "kept a" in shown.err


def test_a_letter_is_sent_in_as_few_bytes_as_lambda_sent_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud("a")
    as_sent = json.dumps({"Records": [{"name": "عائشہ"}] * _RECORDS}, ensure_ascii=False, separators=(",", ":"))
    assert redrive(cloud, monkeypatch) == 0
    assert [len(call) for call in cloud.calls] == [len(as_sent.encode())]


def test_what_another_run_replayed_meanwhile_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud("a", "b")
    cloud.gone.add("a")
    redrive(cloud, monkeypatch)
    assert list(cloud.letters) == ["a"]  # the listing's, and long gone
    assert len(cloud.calls) == 1


def test_a_fault_of_the_account_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud("a", "b")
    cloud.refused = dict.fromkeys("ab", "AccessDeniedException")
    assert redrive(cloud, monkeypatch) == 1
    assert list(cloud.letters) == ["a", "b"]
