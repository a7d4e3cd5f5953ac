"""Printing: sheets of numbered tickets, laid out, drawn, and proved by reading every code back.

Owns print runs and their files. A file is stored only after each of its codes was read from the drawn page.
May not change a ticket.
"""
