"""The organizers' door: money on its way to them."""

from chalice import Blueprint

bp = Blueprint(__name__)
