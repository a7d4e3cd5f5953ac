"""Printing: sheets of numbered tickets, laid out, drawn, and verified by decoding every code.

Owns print runs and their files. A file is stored only after each of its codes was decoded from the rendered page.
May not change a ticket.
"""
