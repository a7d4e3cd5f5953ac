from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.package import application, merge, targets

Made = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def make_template(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a function that makes the template of a stage, of the app as it is; without the archive."""
    scratch = tmp_path_factory.mktemp("package")
    app = application.build("dev", scratch)
    return lambda stage: merge.merge(app.template, targets.aws(), stage=stage, code_key="gatehouse/none.zip")


@pytest.fixture(scope="session")
def template(make_template: Made) -> dict[str, Any]:
    """The template that `make package` deploys for other stages than production."""
    return make_template("dev")


@pytest.fixture(scope="session")
def template_file(template: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.json"
    merge.write(template, path)
    return path
