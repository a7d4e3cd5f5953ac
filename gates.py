"""The composition root of the gates' function: the doors of ushers and devices, and no others. No logic.

A cold start of a gate pays for what this imports. infra/package finds here which packages the function's archive needs.
"""

import gc

# As in app.py.
gc.disable()

import os

from chalicelib import cold_start
from chalicelib.portals import device, usher
from chalicelib.portals.http import application

app = application.with_doors((*usher.DOORS, device))

cold_start.prepare(os.environ.get("_HANDLER"))
gc.freeze()
gc.enable()
