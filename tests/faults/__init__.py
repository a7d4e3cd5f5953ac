"""Faults between the platform and its table, and the rules that hold in spite of them."""
