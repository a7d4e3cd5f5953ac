"""The words of the field, as the contract writes them: a module for each area, imported by its name.

A word belongs to the area that decides it. No module imports another, and no name is exported twice (D-ARC-24).
"""
