"""The staff's portal, one file per part of it."""

from chalicelib.portals.admin import devices, session

DOORS = (session, devices)
