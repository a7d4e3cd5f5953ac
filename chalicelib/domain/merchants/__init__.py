"""Merchants: shops, their stock of cards, and the assignment of a card to a customer.

Owns the hold on a card, its fee and the shop's totals, which change in the transaction of the assignment.
May not know gates or payouts; codes come from `access`, bindings from `cards`.
"""
