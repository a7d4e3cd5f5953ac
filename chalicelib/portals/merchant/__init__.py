"""The merchants' door, one file per part of it."""

from chalicelib.portals.merchant import accounts, assignments, cards

DOORS = (accounts, cards, assignments)
