"""The ushers' portal, one file per part of it."""

from chalicelib.portals.usher import events, log, scans, session

DOORS = (session, events, scans, log)
