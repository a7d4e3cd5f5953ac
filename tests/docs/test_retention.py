"""docs/retention.md says of every store of the template, and of every kind of item that ends by time, how long."""

import ast
import re
from pathlib import Path
from typing import Any

from chalicelib.table import items
from infra import template

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "retention.md").read_text(encoding="utf-8")
NAMES = re.compile(r"`([^`]+)`")
RULES = {"uploads/", "exports/", "offline/", "erasures/"}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
    return found[2:]


def kept() -> dict[str, str]:
    return {name: row[1] for row in rows("Stores") for name in NAMES.findall(row[0])[:20]}


def resources(kind: str) -> dict[str, dict[str, Any]]:
    found = template.load()["Resources"]
    return {name: part["Properties"] for name, part in found.items() if part["Type"] == kind}


def test_every_log_group_and_queue_ends_as_the_page_says() -> None:
    groups = {name: f"{part['RetentionInDays']} days" for name, part in resources("AWS::Logs::LogGroup").items()}
    queues = {name: f"{part['MessageRetentionPeriod']} seconds" for name, part in resources("AWS::SQS::Queue").items()}
    assert len(groups) > 10
    said = kept()
    assert {name: said.get(name) for name in groups | queues} == groups | queues


def test_every_rule_of_a_bucket_is_on_the_page() -> None:
    buckets = resources("AWS::S3::Bucket")
    said = kept()
    assert buckets.keys() <= said.keys()
    for name in ("StreamLetters", "LiveLetters", "Exports"):
        rule = buckets[name]["LifecycleConfiguration"]["Rules"][0]
        assert said[name] == f"{rule['ExpirationInDays']} days"
    of_files = {
        rule["Prefix"]: rule["ExpirationInDays"]
        for rule in buckets["Files"]["LifecycleConfiguration"]["Rules"]
        if "Prefix" in rule
    }
    assert of_files.keys() == RULES
    for prefix, days in of_files.items():
        assert said[prefix] == f"{days} day{'' if days == 1 else 's'}"
    # A person could come back from any backup that is younger.
    assert of_files["erasures/"] > 2 * 35


def kinds_with_ttl() -> set[str]:
    """Return the classes of items that the domain gives a TTL."""
    found = set()
    for path in (ROOT / "chalicelib" / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                made = node.func.id if isinstance(node.func, ast.Name) else None
                if made and any(each.arg == "ttl" for each in node.keywords):
                    found.add(made)
                match node.func:
                    case ast.Attribute(attr="set", value=ast.Attribute(attr="ttl", value=ast.Name(id=changed))):
                        found.add(changed)
            if isinstance(node, ast.Assign) and any(
                isinstance(each, ast.Attribute) and each.attr == "ttl" for each in node.targets
            ):
                found.add("ListingEntry")
    return {name for name in found if isinstance(getattr(items, name, None), type)}


def test_every_kind_of_item_that_ends_by_its_time_is_on_the_page() -> None:
    said = {name for row in rows("Items that end by their time") for name in NAMES.findall(row[1])}
    assert said == kinds_with_ttl()
