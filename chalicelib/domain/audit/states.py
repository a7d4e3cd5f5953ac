"""The states before and after an act, as the audit log stores them: JSON, bounded, sealed where they are personal."""

import json
from collections.abc import Mapping
from typing import Any

# The longest text of one field; a longer one is shortened, and says so. Entries stay far below 400 KB.
LONGEST_FIELD = 1_000
_LONGEST_STATE = 16_000


def text_of(state: Mapping[str, Any] | None) -> str | None:
    """Return a state as the log stores it, None where there is none."""
    if state is None:
        return None
    text = _json({name: _shortened(value) for name, value in state.items()})
    if len(text) <= _LONGEST_STATE:
        return text
    return _json({"fields": sorted(state)[:200], "shortened_from": len(text)})


def field_of(name: str) -> str:
    """Return the associated data of a sealed state: `before` or `after`."""
    return f"audit_{name}"


def _shortened(value: Any) -> Any:
    text = value if isinstance(value, str) else _json(value)
    return value if len(text) <= LONGEST_FIELD else f"{text[:LONGEST_FIELD]}… ({len(text)} characters)"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
