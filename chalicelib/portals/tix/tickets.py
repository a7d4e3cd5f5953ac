"""The door of Tix: numbers, tickets and their scan."""

from chalice import Blueprint

bp = Blueprint(__name__)
