"""`python -m infra.service_levels`: write docs/alarms.md from the template."""

import argparse
import tempfile
from pathlib import Path

from infra import stages
from infra.package import application, merge, targets
from infra.service_levels import table


def main() -> int:
    """Build the template without its archive, and write the page."""
    argparse.ArgumentParser(
        prog="python -m infra.service_levels", description="Write docs/alarms.md from the template."
    ).parse_args()
    with tempfile.TemporaryDirectory(prefix="gatehouse-alarms-") as made:
        app = application.build("dev", Path(made))
    template = merge.merge(
        app.template, targets.aws(), stage="dev", code_key="gatehouse/none.zip", gates_key="gatehouse/none.zip"
    )
    (targets.ROOT / "docs" / "alarms.md").write_text(table.text(template), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
