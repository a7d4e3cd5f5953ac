"""Customers: registration, profiles, dependents, favorites, visits and their totals.

Owns customers' personal data. Health and bank data are encrypted under a data key per customer.
Must not import orders, gates or shops. It follows tickets and entries through the stream.
"""
