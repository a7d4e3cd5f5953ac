"""The customers' door: booking and payment."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
