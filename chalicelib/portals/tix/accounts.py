"""The door of Tix: registration and log-in."""

from chalice import Blueprint

bp = Blueprint(__name__)
