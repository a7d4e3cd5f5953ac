"""The door of Tix: settings."""

from chalice import Blueprint

bp = Blueprint(__name__)
