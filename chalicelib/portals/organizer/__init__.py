"""The organizers' door, one file per part of it."""

from chalicelib.portals.organizer import accounts, events, payouts

DOORS = (accounts, events, payouts)
