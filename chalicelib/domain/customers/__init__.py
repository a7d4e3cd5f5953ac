"""Customers: registration, profiles, dependents, favorites, visits and their totals.

Owns what a customer says of themselves; health and bank data are encrypted under the customer's own data key.
May not know orders, gates or shops; it follows tickets and entries through the stream.
"""
