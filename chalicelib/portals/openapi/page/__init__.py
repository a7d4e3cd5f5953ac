"""The page at /api/docs."""

from pathlib import Path

from chalicelib.portals.http.pages import Page

PAGE = Page(Path(__file__).parent)
