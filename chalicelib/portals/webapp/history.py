"""The customers' door: statistics, payments, invoices."""

from chalice import Blueprint

bp = Blueprint(__name__)
BASE = "/api/v1"
