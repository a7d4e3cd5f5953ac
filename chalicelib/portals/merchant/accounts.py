"""The merchants' door: log-in, settings, change of number."""

from chalice import Blueprint

bp = Blueprint(__name__)
