"""Organizers: their profiles, events, dashboard, and requests to change an event.

Owns the organizer's view and the edit requests that staff decide. Approved changes are applied by `events`.
Must not change sales, payments or admissions. It reads their totals.
"""
