"""The door of Tix, for small organizations with their own tickets, one file per part of it."""

from chalicelib.portals.tix import accounts, batches, members, print_runs, reports, settings, tickets

DOORS = (accounts, members, tickets, batches, print_runs, reports, settings)
