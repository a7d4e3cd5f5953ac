"""The customers' web app, one file per part of it."""

from chalicelib.portals.webapp import accounts, cards, claims, family, history, payments, public, sale, tickets

DOORS = (accounts, public, sale, payments, tickets, cards, claims, family, history)
