"""The parameters of a deployment: given ones, then those that the stack has, then the template's defaults."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.domain import money
from infra.local.console import CannotStart

# The package itself sets these.
OWN = frozenset({"Stage", "CodeBucket", "CodeKey"})
# What one of staff may decide alone, by currency, and an example of it in whole units.
_THRESHOLD, _USUAL_THRESHOLD = "SecondPersonOver", 1_000
# Until the API has an address, where the operator has no domain for it.
NO_ADDRESS_YET = "https://no-address-yet.invalid"


def read(path: Path | None, assignments: Sequence[str]) -> dict[str, str]:
    """Return the parameters of a JSON file and of `Name=value` words, which win. Raises CannotStart."""
    given: dict[str, str] = {}
    if path is not None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CannotStart(f"{path} cannot be read as JSON: {error}") from error
        if not isinstance(content, dict):
            raise CannotStart(f'{path} must hold one JSON object, such as {{"MailFrom": "tickets@example.com"}}')
        given = {name: _text(name, value) for name, value in content.items()}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise CannotStart(f"{assignment!r} is no parameter. Write it as Name=value.")
        given[name] = value
    return given


def _text(name: str, value: Any) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise CannotStart(f"{name} must be a text or a whole number. Write a list as one text, with commas between.")


def resolve(template: Mapping[str, Any], given: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters to deploy with, without the package's own.

    Raises CannotStart that names all unknown and missing ones.
    """
    declared: dict[str, dict[str, Any]] = {
        name: parameter for name, parameter in template["Parameters"].items() if name not in OWN
    }
    if unknown := sorted(given.keys() - declared.keys()):
        raise CannotStart(f"The template has no parameter {', '.join(unknown)}. docs/operations.md lists them.")
    chosen = {name: value for name, value in present.items() if name in declared} | dict(given)
    chosen.setdefault("PublicUrl", NO_ADDRESS_YET)
    missing = [name for name, parameter in declared.items() if name not in chosen and "Default" not in parameter]
    if missing:
        lines = "\n".join(f"  {name}: {declared[name].get('Description', '')}" for name in missing)
        words = " ".join(f"{name}=..." for name in missing)
        raise CannotStart(
            f"These parameters have no value yet:\n{lines}\n"
            f'Give them as ARGS="{words}", or as a JSON file with ARGS="--parameters FILE".'
        )
    _require_threshold({name: str(parameter.get("Default", "")) for name, parameter in declared.items()} | chosen)
    return chosen


def _require_threshold(chosen: Mapping[str, str]) -> None:
    """Raise CannotStart where every sum of the stage's currency would wait for a second person, by oversight."""
    over, currency = chosen.get(_THRESHOLD, ""), chosen.get("Currency", "")
    if over and currency not in {pair.partition(":")[0] for pair in over.split(",")}:
        usual = f"{currency}:{_USUAL_THRESHOLD * 10 ** money.digits(currency)}"
        raise CannotStart(
            f"{_THRESHOLD}={over} names no amount of {currency}, so that each payout, refund and withdrawal would need "
            f'a second person. Give one in minor units, such as ARGS="{_THRESHOLD}={usual}"; '
            f"{_THRESHOLD}={currency}:0 if that is meant."
        )
