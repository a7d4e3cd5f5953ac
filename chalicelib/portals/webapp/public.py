"""The customers' door: what anyone may read of events."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
