"""`python -m infra.api_document FILE`: write the API's OpenAPI document, of which typed clients are generated."""

import argparse
import importlib
from pathlib import Path

from infra import stages


def text() -> str:
    """Return the document of every route, as JSON."""
    importlib.import_module("app")  # registers the routes
    from chalicelib.portals.openapi import document

    return document.text()


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.api_document", description="Write the API's OpenAPI document, as JSON."
    )
    parser.add_argument("file", type=Path, help="where to write it")
    parser.parse_args().file.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
