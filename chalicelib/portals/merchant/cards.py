"""The merchants' door: the inventory and the dashboard."""

from chalice import Blueprint

bp = Blueprint(__name__)
