"""Organizers: their profiles, events, dashboard, and requests to change an event.

Owns the organizer's view and the requests that staff decide. Approved changes are applied by `events`.
May not change sales, payments or admissions; it reads their totals.
"""
