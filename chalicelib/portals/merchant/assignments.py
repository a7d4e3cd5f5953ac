"""The merchants' door: customers, and the cards that are handed to them."""

from chalice import Blueprint

bp = Blueprint(__name__)
