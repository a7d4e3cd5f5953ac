"""The customers' web app, one file per part of it."""

from chalicelib.portals.webapp import accounts, cards, family, history, public, sale, tickets

DOORS = (accounts, public, sale, tickets, cards, family, history)
