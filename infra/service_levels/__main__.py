"""`python -m infra.service_levels`: write docs/alarms.md from the template."""

import tempfile
from pathlib import Path

from infra.package import application, merge, targets
from infra.service_levels import table


def main() -> None:
    """Build the template without its archive, and write the page."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-alarms-") as made:
        app = application.build("dev", Path(made))
    template = merge.merge(
        app.template, targets.aws(), stage="dev", code_key="gatehouse/none.zip", gates_key="gatehouse/none.zip"
    )
    (targets.ROOT / "docs" / "alarms.md").write_text(table.text(template), encoding="utf-8")


if __name__ == "__main__":
    main()
