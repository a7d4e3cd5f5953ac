"""The package keeps away from AWS's quotas, also with every route of the contract."""

import copy
import csv
from pathlib import Path
from typing import Any

import pytest

from infra.local.console import CannotStart
from infra.package import archive, merge, quotas, targets
from tests.infra import reading

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
_CONTRACT = Path(__file__).with_name("whole_contract.csv")
# What docs/operations.md asks AWS for before the whole contract is deployed.
_API_RESOURCES_ASKED_FOR = 400


@pytest.fixture(scope="module")
def whole(chalice: Template) -> Template:
    """The template of an app with every route of the contract beside its own."""
    grown = copy.deepcopy(chalice)
    paths = grown["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    sample = paths["/health"]["get"]
    with _CONTRACT.open(encoding="utf-8") as listed:
        for route in csv.DictReader(listed):
            paths.setdefault(route["path"], {}).setdefault(route["method"].lower(), sample)
    return merge.merge(grown, targets.aws(), stage="prod", **reading.KEYS)


def test_the_package_uses_at_most_four_fifths_of_each_quota_and_needs_no_raised_one(template: Template) -> None:
    most = {False: quotas.WARN_AT, True: 1.0}
    assert [str(use) for use in quotas.of(template) if use.share > most[use.adjustable]] == []


def test_the_whole_contract_uses_at_most_four_fifths_of_each_quota(whole: Template) -> None:
    body = whole["Resources"]["RestAPI"]["Properties"]["Body"]
    routes = sum(
        method in ("get", "post", "put", "patch", "delete") for item in body["paths"].values() for method in item
    )
    assert routes >= 299
    uses = quotas.of(whole)
    assert [str(use) for use in uses if use.share > quotas.WARN_AT and not use.adjustable] == []
    # AWS raises this one on request. The others fit as they are.
    over = {use.quota: use for use in uses if use.share > 1}
    assert set(over) <= {quotas.API_RESOURCES}
    assert all(use.used <= _API_RESOURCES_ASKED_FOR * quotas.WARN_AT for use in over.values())


def test_a_path_costs_less_than_a_kilobyte(chalice: Template) -> None:
    def made(chalice: Template) -> Template:
        return merge.merge(chalice, targets.aws(), stage="prod", **reading.KEYS)

    def paths(of: Template) -> dict[str, Any]:
        found: dict[str, Any] = of["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
        return found

    fewer = copy.deepcopy(chalice)
    gone = [path for path in paths(fewer) if path.startswith("/api/campus/")]
    for path in gone:
        del paths(fewer)[path]
    saved = quotas.size(made(chalice)) - quotas.size(made(fewer))
    assert len(gone) > 50
    assert 0 < saved / len(gone) < 1000


def test_the_runbook_says_which_quota_to_raise_and_to_what() -> None:
    text = (targets.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"Resources per API | 300 | {_API_RESOURCES_ASKED_FOR}" in text
    assert "filters of an event source mapping | 5 | 10" in text


def test_every_use_is_counted_from_the_template(template: Template) -> None:
    uses = {use.quota: use for use in quotas.of(template)}
    functions = [name for name, part in template["Resources"].items() if part["Type"] == "AWS::Lambda::Function"]
    assert {f"bytes of {name}'s environment" for name in functions} <= set(uses)
    assert uses["resources of the stack"].used == len(template["Resources"])
    assert uses["bytes of the template in S3"].used > 100_000
    # The definition that the gateway gets repeats what the template has once.
    assert uses["bytes of RestAPI's definition"].used > quotas.size(template["Resources"]["RestAPI"])


@pytest.mark.parametrize(("section", "count"), [("Parameters", 201), ("Outputs", 201), ("Resources", 501)])
def test_a_template_over_a_quota_is_not_written(tmp_path: Path, section: str, count: int) -> None:
    template = {section: {f"Name{number}": {"Type": "AWS::SNS::Topic"} for number in range(count)}}
    with pytest.raises(CannotStart, match=str(count)):
        merge.write({"Resources": {}, **template}, tmp_path / "template.json")
    assert not (tmp_path / "template.json").exists()


def test_an_archive_over_lambdas_limit_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    with (tmp_path / "code" / "big.bin").open("wb") as big:
        big.truncate(quotas.UNZIPPED_BYTES + 1)
    with pytest.raises(CannotStart, match="250 MB"):
        archive.pack(tmp_path / "code", tmp_path / "code.zip")


def test_the_resources_of_an_api_are_the_beginnings_of_its_paths() -> None:
    assert quotas.api_resources(["/api/one/{id}", "/api/one"]) == {"/", "/api", "/api/one", "/api/one/{id}"}
