"""The command line of `make rotate`: which versions may be retired, and what is re-keyed."""

import getpass
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session

from chalicelib.config import config
from infra.rotate.__main__ import main
from tests.support.ground import environment

pytestmark = pytest.mark.usefixtures("moto_cloud")
_NAMED = ["--stage", "prod", "--name"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def store() -> Iterator[Any]:
    with environment():
        client: Any = get_session().create_client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="gatehouse/master-prod", SecretString=json.dumps({"master": "of earlier releases"}))
        for life in ("sessions", "tickets"):
            client.create_secret(Name=f"gatehouse/{life}-prod", SecretString=json.dumps({"key_1": "a" * 64}))
        yield client
    config.cache_clear()


def content(store: Any, life: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(store.get_secret_value(SecretId=f"gatehouse/{life}-prod")["SecretString"])
    return found


@pytest.mark.parametrize("version", ["0", "-1", "1"])
def test_each_version_that_signed_can_be_retired_also_those_of_the_one_secret(
    store: Any, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*_NAMED, "sessions", "--leaked", version]) == 0
    assert f"Version {version} is retired" in capsys.readouterr().out
    assert "retired_at" in content(store, "sessions")["versions"][version]


@pytest.mark.parametrize("version", ["-2", "1.5", "one", "", "٢"])
def test_what_is_no_version_is_refused(store: Any, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = content(store, "sessions")
    with pytest.raises(SystemExit):
        main([*_NAMED, "sessions", "--leaked", version])
    assert "error" in capsys.readouterr().err
    assert content(store, "sessions") == before


def test_nothing_but_the_index_of_numbers_is_re_keyed(store: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = content(store, "tickets")
    assert main([*_NAMED, "tickets", "--rekey"]) == 1
    assert "NAME=numbers" in capsys.readouterr().err
    assert content(store, "tickets") == before


def test_a_key_that_is_typed_at_a_terminal_has_no_spaces_around_it(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create_secret(Name="gatehouse/providers-prod", SecretString="{}")
    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _: " sk_live_pasted \n")
    assert main([*_NAMED, "providers", "--field", "stripe_api_key"]) == 0
    assert content(store, "providers") == {"stripe_api_key": "sk_live_pasted"}
