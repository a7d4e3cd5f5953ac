"""The customers' door: a customer's tickets."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
