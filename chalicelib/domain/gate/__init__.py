"""Gate: scans, from the scanner's request to the answer, the check-in log and its totals.

Owns admission: one conditional update of the ticket, decided by the pure rule in `domain/admission.py`.
May not change an event, a card's owner or money.
"""
