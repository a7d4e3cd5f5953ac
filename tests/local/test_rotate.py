"""`make rotate` against the engines of a local run: its words, its exit codes, and what it leaves in the secret."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.clients import key_ring
from chalicelib.vocabulary.access import SecretLife
from infra.local import resources
from infra.local.resources import Cloud
from tests.support import engines

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("ministack")]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """The template's resources, as `make run` creates them."""
    # That of all clients of a local run: in these engines each key has a database of its own.
    with engines.endpoints(access_key="local") as found:
        resources.create_stack(Cloud(found.url, found.url))
        resources.create_table(found)
        yield found


def rotate(cloud: Cloud, name: str, *more: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    where = ["--stage", "local", "--endpoint", cloud.url, "--table-endpoint", cloud.table_url]
    command = [sys.executable, "-m", "infra.rotate", *where, "--name", name, *more]
    return subprocess.run(command, capture_output=True, text=True, input=typed, check=False, timeout=600)


def content(cloud: Cloud, name: str) -> dict[str, Any]:
    answer = cloud.client("secretsmanager").get_secret_value(SecretId=f"gatehouse/{name}")
    found: dict[str, Any] = json.loads(answer["SecretString"])
    return found


@pytest.mark.parametrize("life", SecretLife)
def test_each_secret_of_the_template_takes_a_fresh_key_and_loses_none(cloud: Cloud, life: SecretLife) -> None:
    before = content(cloud, life)
    done = rotate(cloud, life)
    assert (done.returncode, done.stderr) == (0, "")
    assert "signs from" in done.stdout
    after = content(cloud, life)
    assert len(key_ring.parse(after).keys) == len(key_ring.parse(before).keys) + 1
    assert {name: after[name] for name in before if key_ring.is_key(name)} == {
        name: value for name, value in before.items() if key_ring.is_key(name)
    }
    assert not any(value in done.stdout for name, value in after.items() if key_ring.is_key(name))


def test_a_field_is_read_from_the_standard_input_and_rotates_nothing(cloud: Cloud) -> None:
    before = content(cloud, "providers")
    done = rotate(cloud, "providers", "--field", "stripe_api_key", typed="sk_live_typed\n")
    assert (done.returncode, "sk_live_typed" in done.stdout) == (0, False)
    assert content(cloud, "providers") == {**before, "stripe_api_key": "sk_live_typed"}


@pytest.mark.parametrize(
    ("name", "field", "typed", "said"),
    [
        ("providers", "stripe_api_key", "\n", "Nothing was typed"),
        ("providers", "stripe_api_key", "", "Nothing was typed"),
        ("providers", "stripe_api_keys", "sk_live_1", "There is no field stripe_api_keys. There are stripe_api_key"),
        ("sessions", "stripe_api_key", "sk_live_1", "NAME=providers"),
    ],
)
def test_a_field_that_nobody_reads_or_typed_nothing_for_changes_nothing(
    cloud: Cloud, name: str, field: str, typed: str, said: str
) -> None:
    before = content(cloud, name)
    done = rotate(cloud, name, "--field", field, typed=typed)
    assert (done.returncode, done.stdout, said in done.stderr) == (1, "", True), done.stderr
    assert content(cloud, name) == before


def test_a_leaked_key_is_retired_and_shown_so(cloud: Cloud) -> None:
    assert rotate(cloud, "cards", "--leaked", "1").returncode == 0
    shown = rotate(cloud, "cards", "--show").stdout
    assert "version 1, retired" in shown
    assert "signs now" in shown


def test_the_number_index_is_re_keyed_once_its_key_signs(cloud: Cloud) -> None:
    assert rotate(cloud, "numbers").returncode == 0
    refused = rotate(cloud, "numbers", "--rekey")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Run this again then" in refused.stderr


def test_ticket_keys_are_pruned_on_an_empty_table(cloud: Cloud) -> None:
    done = rotate(cloud, "tickets", "--prune")
    assert (done.returncode, "Removed:" in done.stdout) == (0, True), done.stderr


def test_what_a_rotation_ends_is_in_the_help() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "infra.rotate", "--help"], capture_output=True, text=True, check=True, timeout=600
    ).stdout
    assert all(f"  {life}" in shown for life in SecretLife)
    assert "make rotate STAGE= NAME=" in shown


def test_a_local_run_that_is_not_there_is_named(cloud: Cloud) -> None:
    nowhere = Cloud("http://127.0.0.1:1", cloud.table_url)
    done = rotate(nowhere, "sessions", "--show")
    assert done.returncode == 1
    assert "gatehouse/sessions of stage local cannot be read" in done.stderr
