"""Approvals: what staff must have agreed to before money or stock moves.

Owns the second person for large amounts, and the verification of organizers and merchants. Must not move anything: the
areas that do so ask here, or check an approval in their own transaction.
"""
