"""Doors that belong to no portal: liveness, and the document and the page that describe all the others."""

from typing import Any

from chalice import Blueprint

from chalicelib import clock
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.platform import HealthOut

bp = Blueprint(__name__)


@door(bp, Route("GET", "/health", guard=None, reply=HealthOut))
def health(_: Call[None, None]) -> Any:
    """Tell that the service is up; touches nothing behind it."""
    return {"status": "ok", "time": clock.now()}


@door(bp, Route("GET", "/api/openapi.json", guard=None, media_type="application/json"))
def openapi_document(_: Call[None, None]) -> Any:
    """Show this document."""
    from chalicelib.portals.openapi import document  # built on demand: other requests and cold starts do not pay for it

    return document.text()


@door(bp, Route("GET", "/api/docs", guard=None, media_type="text/html"))
def docs_page(_: Call[None, None]) -> Any:
    """Show the browser page of this document."""
    from chalicelib.portals.openapi import page  # as above

    return Reply(page.page(), headers=page.HEADERS)
