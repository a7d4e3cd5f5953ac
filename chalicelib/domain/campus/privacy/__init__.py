"""Retention: evidence is erased when its number of days is over; the record stays."""
