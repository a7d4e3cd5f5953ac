"""Gatehouse: two kinds of door (portals, workers), one domain, one table."""
