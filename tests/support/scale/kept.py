"""The profiles of an earlier recording, kept in the repository: recording takes minutes."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.support.scale.profiles import Family, Profile, Scope

FILE = Path(__file__).with_name("profiles.json")


def load(file: Path = FILE) -> dict[str, Profile]:
    """Return the kept profiles by name."""
    return {name: _profile(name, found) for name, found in json.loads(file.read_text(encoding="utf-8")).items()}


def save(profiles: Mapping[str, Profile], file: Path = FILE) -> None:
    """Write profiles, a family a line, with figures that a reader can compare."""
    lines = []
    for name, found in sorted(profiles.items()):
        families = sorted(found.families, key=lambda family: (family.place, family.kind, family.scope))
        rows = ",\n  ".join(json.dumps(_rounded(asdict(family))) for family in families)
        head = f'"requests": {found.requests:.2f}, "named_writes": {found.named_writes:.2f}'
        lines.append(f'{json.dumps(name)}: {{{head}, "families": [\n  {rows}]}}')
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _rounded(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in raw.items()}


def _profile(name: str, raw: dict[str, Any]) -> Profile:
    families = [Family(**{**family, "scope": Scope(family["scope"])}) for family in raw["families"]]
    return Profile(name, families, float(raw["requests"]), float(raw["named_writes"]))
