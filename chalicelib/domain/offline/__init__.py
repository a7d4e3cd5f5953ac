"""Offline: what a gate needs to decide without the network, and what it learns of changes since.

Owns the snapshot, its format, the change feed and the syncs of ushers' phones. Reads tickets, cards, events and
devices. May not change any of them, nor decide a scan.
"""
