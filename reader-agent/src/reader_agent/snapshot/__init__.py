"""The platform's snapshot of an event on a device: reading it, keeping it encrypted, looking into it."""

from reader_agent.snapshot.index import Excerpt, KnownCard, KnownTicket, Snapshot
from reader_agent.snapshot.package import Head, Package, SnapshotRefused

__all__ = ["Excerpt", "Head", "KnownCard", "KnownTicket", "Package", "Snapshot", "SnapshotRefused"]
