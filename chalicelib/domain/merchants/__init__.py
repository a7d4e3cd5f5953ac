"""Merchants: shops, their stock of cards, and the assignment of a card to a customer.

Owns the hold on a card, its fee and the shop's totals. All three change in the transaction of the assignment.
Must not import gates or payouts. Codes come from `access`, bindings from `cards`.
"""
