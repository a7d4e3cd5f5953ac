"""The CloudFormation template of the platform's resources: the files of infra/resources, merged.

Each file holds one concern, with the parameters, conditions and outputs that belong to it. Functions and APIs are not
here: infra/package adds what Chalice makes of them.
"""

import json
from pathlib import Path
from typing import Any

import yaml

Template = dict[str, Any]

FOLDER = Path(__file__).resolve().parent / "resources"
_SECTIONS = ("Parameters", "Conditions", "Resources", "Outputs")


def load(folder: Path = FOLDER) -> Template:
    """Return the merged template; raise ValueError if two files use one name."""
    merged: Template = {section: {} for section in _SECTIONS}
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        part = yaml.load(text, Loader=_Loader)  # noqa: S506 # nosec B506  # derives from SafeLoader
        for section, content in part.items():
            if section not in _SECTIONS:
                merged[section] = content
            elif twice := merged[section].keys() & content.keys():
                raise ValueError(f"{path.name} repeats names of {section}: {', '.join(sorted(twice))}")
            else:
                merged[section] |= content
    return merged


def text() -> str:
    """Return the merged template as CloudFormation takes it (JSON), without white space.

    A template in a request has at most 51,200 bytes (AWS: "CloudFormation quotas").
    """
    return json.dumps(load(), separators=(",", ":"))


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags in their long form: `!Ref x` is `{"Ref": "x"}`."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # PyYAML's signature
        """Return a mapping, and refuse a repeated key, which YAML would drop silently."""
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise ValueError(f"A key is repeated in a mapping:{node.start_mark}")
        return super().construct_mapping(node, deep)


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third kind of node
    return {name: value}


_Loader.add_multi_constructor("!", _long_form)
