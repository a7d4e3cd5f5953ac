"""`python -m infra.api_document FILE`: write the API's OpenAPI document, of which typed clients are generated."""

import argparse
import importlib
from pathlib import Path


def text() -> str:
    """Return the document of every route, as JSON."""
    importlib.import_module("app")  # registers the routes
    from chalicelib.portals.openapi import document

    return document.text()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the API's OpenAPI document, as JSON.")
    parser.add_argument("file", type=Path, help="where to write it")
    parser.parse_args().file.write_text(text(), encoding="utf-8")
