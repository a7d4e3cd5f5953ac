from pathlib import Path
from typing import Any

import pytest

from infra.package import application, merge, targets


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template that `make package` deploys, of the app as it is; without the archive."""
    scratch = tmp_path_factory.mktemp("package")
    app = application.build("dev", scratch)
    return merge.merge(app.template, targets.aws(), stage="dev", code_key="gatehouse/none.zip")


@pytest.fixture(scope="session")
def template_file(template: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.json"
    merge.write(template, path)
    return path
