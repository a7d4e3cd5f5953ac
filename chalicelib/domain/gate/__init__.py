"""Gate: the scan, from what a scanner sent to the answer, the check-in log and its totals.

Owns admission in practice: one conditional update of the ticket, decided by the pure rule in `domain/admission.py`.
May not change an event, a card's owner or money.
"""
