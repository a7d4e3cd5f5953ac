"""The customers' door: dependents and favourites."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
