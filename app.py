"""The composition root: the app, its middleware, every blueprint once, the event handlers. No logic.

The function of the gates has a composition root of its own (gates.py).

The event handlers are here and not in blueprints, because Lambda imports only the handler's own module.
"""

import gc

# A cold start: the imports create objects that stay, so that collections meanwhile cost time and free nothing.
gc.disable()

import os
from typing import Any

from chalice import Rate

from chalicelib import cold_start
from chalicelib.config import config
from chalicelib.portals import (
    admin,
    campus,
    device,
    merchant,
    organizer,
    own_sessions,
    platform,
    realtime,
    tix,
    usher,
    webapp,
)
from chalicelib.portals.http import application
from chalicelib.portals.usher import incidents as usher_incidents
from chalicelib.workers import alerts as alerts_worker
from chalicelib.workers import batch_log, schedules
from chalicelib.workers import jobs as jobs_worker
from chalicelib.workers import live as live_worker
from chalicelib.workers import messages as messages_worker
from chalicelib.workers import payments as payments_worker
from chalicelib.workers import stream as stream_worker

app = application.with_doors(
    (
        *usher.DOORS,
        usher_incidents,
        device,
        *admin.DOORS,
        platform,
        own_sessions,
        realtime,
        *webapp.DOORS,
        *merchant.DOORS,
        *organizer.DOORS,
        *tix.DOORS,
        *campus.DOORS,
    )
)
for source in batch_log.SOURCES:
    app.register_middleware(batch_log.middleware, source)
app.experimental_feature_flags.update(["WEBSOCKETS"])


@app.on_dynamodb_record(stream_arn=config().table_stream_arn, batch_size=100, name="stream")
def stream(event: Any) -> Any:
    """Project the table's changes."""
    return stream_worker.handle(event.to_dict())


@app.on_dynamodb_record(stream_arn=config().table_stream_arn, batch_size=100, name="live")
def live(event: Any) -> Any:
    """Publish the table's changes to live subscribers."""
    return live_worker.handle(event.to_dict())


@app.on_ws_connect(name="websocket_connect")
def websocket_connect(event: Any) -> Any:
    """Accept a socket."""
    return live_worker.connect(event.to_dict())


@app.on_ws_message(name="websocket_message")
def websocket_message(event: Any) -> Any:
    """Answer a message from a socket."""
    return live_worker.message(event.to_dict())


@app.on_ws_disconnect(name="websocket_disconnect")
def websocket_disconnect(event: Any) -> Any:
    """Remove a socket."""
    return live_worker.disconnect(event.to_dict())


@app.on_sqs_message(queue=config().alerts_queue_name, batch_size=10, name="alerts")
def alerts(event: Any) -> Any:
    """Notify people of facts."""
    return alerts_worker.handle(event.to_dict())


@app.on_sqs_message(queue=config().messages_queue_name, batch_size=10, name="messages")
def messages(event: Any) -> Any:
    """Send email and SMS."""
    return messages_worker.handle(event.to_dict())


@app.on_sqs_message(queue=config().payments_queue_name, batch_size=10, name="payments")
def payments(event: Any) -> Any:
    """Refund payments and reload cards."""
    return payments_worker.handle(event.to_dict())


@app.on_sqs_message(queue=config().jobs_queue_name, batch_size=1, name="jobs")
def jobs(event: Any) -> Any:
    """Run a step of a background job."""
    return jobs_worker.handle(event.to_dict())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: Any) -> None:  # noqa: ARG001  # Chalice passes it
    """Handle everything that is due."""
    schedules.sweep()


@app.schedule(Rate(1, unit=Rate.MINUTES), name="watch_devices")
def watch_devices(event: Any) -> None:  # noqa: ARG001  # Chalice passes it
    """Look for readers that stopped sending heartbeats."""
    schedules.watch_devices()


@app.schedule(Rate(1, unit=Rate.MINUTES), name="seal_audit_log")
def seal_audit_log(event: Any) -> None:  # noqa: ARG001  # Chalice passes it
    """Seal the audit log."""
    schedules.seal_audit_log()


cold_start.prepare(os.environ.get("_HANDLER"))
# The garbage collector leaves out the imported objects from now on.
gc.freeze()
gc.enable()
