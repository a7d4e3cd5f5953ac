"""`make redrive` on AWS: a letter that cannot be replayed is kept, and those behind it are replayed."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.redrive.__main__ import main
from tests.support import commands
from tests.support.aws_answers import answered, refusal

_RECORDS = 3


class Cloud:
    """What the command asks of AWS, for a stage whose stream function left some letters."""

    def __init__(self, *letters: str) -> None:
        self.letters = dict.fromkeys(letters, json.dumps({"payload": {"Records": [{"name": "عائشہ"}] * _RECORDS}}))
        self.gone: set[str] = set()
        self.refused: dict[str, str] = {}
        self.calls: list[bytes] = []
        self.notices: list[str] = []
        self.comes_late: str | None = None
        self._asked = ""
        self._hidden: list[str] = []

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        if operation == "GetObject":
            return self._letter(asked["Key"])
        if operation == "DeleteObject":
            del self.letters[asked["Key"]]
        if operation == "Invoke":
            if self._asked in self.refused:
                raise refusal(operation, self.refused[self._asked])
            self.calls.append(asked["Payload"])
            return {"Payload": io.BytesIO(b"{}")}
        if operation == "ReceiveMessage":
            return self._notices()
        if operation == "DeleteMessage":
            self.notices.remove(asked["ReceiptHandle"])
            return {}
        return self._listed(operation)

    def _letter(self, key: str) -> dict[str, Any]:
        if key in self.gone:
            raise refusal("GetObject", "NoSuchKey")
        self._asked = key
        return {"Body": io.BytesIO(self.letters[key].encode())}

    def _listed(self, operation: str) -> dict[str, Any]:
        if operation == "ListStackResources":
            names = ("Stream", "StreamLetters", "StreamDeadLetters", "Live", "LiveLetters", "LiveDeadLetters")
            resources = [{"LogicalResourceId": name, "PhysicalResourceId": name} for name in names]
            return {"StackResourceSummaries": resources}
        if operation == "ListObjectsV2":
            now = datetime.now(UTC)
            return {"Contents": [{"Key": key, "LastModified": now, "Size": 1} for key in sorted(self.letters)]}
        assert operation == "DeleteObject", operation
        return {}

    def _notices(self) -> dict[str, Any]:
        if self.comes_late is not None:
            # Since the command saw that no letter waits.
            self.letters[self.comes_late] = "{}"
            self.notices.append(_notice(self.comes_late))
            self.comes_late = None
        seen, self._hidden = [each for each in self.notices if each not in self._hidden], list(self.notices)
        return {"Messages": [{"Body": each, "ReceiptHandle": each} for each in seen]} if seen else {}


def _notice(key: str) -> str:
    return json.dumps({"detail-type": "Object Created", "detail": {"object": {"key": key}}})


def redrive(cloud: Cloud) -> int:
    with answered(cloud.answer):
        return commands.run(main, ["--stage", "prod", "--table", "gatehouse", "--only", "stream"])


@pytest.mark.parametrize("code", ["RequestTooLargeException", "TooManyRequestsException"])
def test_a_letter_that_lambda_does_not_take_holds_up_no_other(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = Cloud("a", "b", "c")
    cloud.refused["a"] = code
    assert redrive(cloud) == 1
    assert list(cloud.letters) == ["a"]
    shown = capsys.readouterr()
    assert f"2 letters with {2 * _RECORDS} records replayed, 1 kept" in shown.out
    assert "kept a" in shown.err


def test_a_letter_is_sent_in_as_few_bytes_as_lambda_sent_it() -> None:
    cloud = Cloud("a")
    as_sent = json.dumps({"Records": [{"name": "عائشہ"}] * _RECORDS}, ensure_ascii=False, separators=(",", ":"))
    assert redrive(cloud) == 0
    assert [len(call) for call in cloud.calls] == [len(as_sent.encode())]


def test_what_another_run_replayed_meanwhile_ends_no_run() -> None:
    cloud = Cloud("a", "b")
    cloud.gone.add("a")
    redrive(cloud)
    assert list(cloud.letters) == ["a"]  # the listing's, and long gone
    assert len(cloud.calls) == 1


def test_a_letter_that_comes_while_the_alarm_is_ended_keeps_its_notice() -> None:
    cloud = Cloud("a", "b")
    cloud.notices = [_notice("a"), _notice("b"), "no notice"]
    cloud.comes_late = "c"
    assert redrive(cloud) == 0
    assert cloud.notices == [_notice("c")]


def test_a_fault_of_the_account_ends_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    cloud = Cloud("a", "b")
    cloud.refused = dict.fromkeys("ab", "AccessDeniedException")
    assert redrive(cloud) == 1
    assert list(cloud.letters) == ["a", "b"]
    shown = capsys.readouterr().err
    assert "cannot be read or replayed" in shown
    assert "kept" not in shown
