"""The organizers' door: log-in, profile."""

from chalice import Blueprint

bp = Blueprint(__name__)
