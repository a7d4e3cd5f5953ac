"""The customers' door: payments."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
