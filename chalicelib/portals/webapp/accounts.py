"""The customers' door: registration, log-in, codes, profile."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
