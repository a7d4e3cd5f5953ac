"""The customers' door: a customer's NFC cards."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
