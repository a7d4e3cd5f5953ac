"""The ushers' portal, one file per part of it.

app.py adds `incidents`. It decodes pictures, so the function of the gates does not have it (gates.py).
"""

from chalicelib.portals.usher import events, fleet, leaves, log, offline, scans, session, sync

DOORS = (session, events, scans, leaves, log, sync, fleet, offline)
