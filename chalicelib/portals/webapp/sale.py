"""The customers' door: booking."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
