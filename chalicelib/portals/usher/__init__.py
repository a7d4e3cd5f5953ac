"""The ushers' portal, one file per part of it."""

from chalicelib.portals.usher import events, fleet, leaves, log, offline, scans, session, sync

DOORS = (session, events, scans, leaves, log, sync, fleet, offline)
