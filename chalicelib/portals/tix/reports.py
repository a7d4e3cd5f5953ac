"""The door of Tix: reports."""

from chalice import Blueprint

bp = Blueprint(__name__)
