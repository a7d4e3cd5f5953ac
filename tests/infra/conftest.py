from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.package import application, merge, targets
from tests.infra import reading

Made = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def chalice(tmp_path_factory: pytest.TempPathFactory) -> application.Template:
    """Chalice's own template of the app as it is."""
    return application.build("dev", tmp_path_factory.mktemp("package")).template


@pytest.fixture(scope="session")
def make_template(chalice: application.Template) -> Made:
    """Return a function that makes the template of a stage; without the archive."""
    return lambda stage: merge.merge(
        chalice, targets.aws(), stage=stage, code_key="gatehouse/none.zip", gates_key="gatehouse/gates.zip"
    )


@pytest.fixture(scope="session")
def packaged(make_template: Made) -> dict[str, Any]:
    """The template that `make package` deploys for other stages than production."""
    return make_template("dev")


@pytest.fixture(scope="session")
def template(packaged: dict[str, Any]) -> dict[str, Any]:
    """That template where the stack makes its own table and keys."""
    made: dict[str, Any] = reading.as_made(packaged)
    return made


@pytest.fixture(scope="session")
def template_file(packaged: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.json"
    merge.write(packaged, path)
    return path
