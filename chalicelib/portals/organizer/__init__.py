"""The organizers' door, one file per part of it."""

from chalicelib.portals.organizer import accounts, drafts, events, payouts

DOORS = (accounts, events, drafts, payouts)
