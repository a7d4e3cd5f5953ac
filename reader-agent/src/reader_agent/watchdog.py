"""Telling systemd that the agent is up, and still is (sd_notify); without systemd nothing happens."""

import os
import socket


def notify(message: str) -> None:
    """Send systemd a word such as `READY=1` or `WATCHDOG=1`."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            return  # systemd will notice by itself
