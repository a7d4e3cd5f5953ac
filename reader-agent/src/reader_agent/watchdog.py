"""Notifies systemd that the agent runs (sd_notify); without systemd it does nothing."""

import os
import socket


def notify(message: str) -> None:
    """Send a message such as `READY=1` or `WATCHDOG=1` to systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            return  # systemd then restarts the agent by its own timeout
