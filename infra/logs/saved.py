"""The saved queries: one file each, whose first line is a comment that says what the query answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "queries"
# The word of the query of `make trace` in whose place an id is written.
PLACEHOLDER = "ID"
TRACE = "trace"


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """One file: its name, what it answers, and its text."""

    name: str
    answers: str
    text: str


def load(folder: Path = FOLDER) -> dict[str, SavedQuery]:
    """Return the saved queries by name. Raises ValueError where a file does not begin with its comment."""
    found = {}
    for path in sorted(folder.glob("*.insights")):
        text = path.read_text(encoding="utf-8")
        first, _, code = text.partition("\n")
        if not first.startswith("# ") or not code.strip():
            raise ValueError(f"{path.name} must begin with a comment that says what it answers")
        found[path.stem] = SavedQuery(path.stem, first.removeprefix("# ").strip(), text)
    return found


def resources() -> dict[str, Any]:
    """Return the same queries for the template, so that the console of CloudWatch lists them.

    `trace` is left out: its text depends on the id.
    """
    groups = [{"Fn::Sub": f"/aws/lambda/gatehouse-${{Stage}}{part}"} for part in ("", *_FUNCTIONS)]
    return {
        f"{''.join(word.capitalize() for word in query.name.split('-'))}Query": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "Name": {"Fn::Sub": f"gatehouse-${{Stage}}/{query.name}"},
                "QueryString": query.text,
                "LogGroupNames": groups,
            },
        }
        for query in load().values()
        if query.name != TRACE
    }


# The groups of infra/resources/logs.yaml, behind the API's; a test compares.
_FUNCTIONS = (
    "-gates",
    "-stream",
    "-live",
    "-websocket_connect",
    "-websocket_message",
    "-websocket_disconnect",
    "-alerts",
    "-messages",
    "-payments",
    "-jobs",
    "-sweep",
    "-seal_audit_log",
    "-watch_devices",
)
