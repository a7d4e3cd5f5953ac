"""The organizers' door: own events, their analytics, wishes to change them."""

from chalice import Blueprint

bp = Blueprint(__name__)
