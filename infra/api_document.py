"""`python -m infra.api_document FILE`: write the API's OpenAPI document, of which typed clients are generated."""

import importlib
import sys
from pathlib import Path


def text() -> str:
    """Return the document of every route, as JSON."""
    importlib.import_module("app")  # registers the routes
    from chalicelib.portals.openapi import document

    return document.text()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
