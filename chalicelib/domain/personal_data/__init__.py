"""Personal data of customers: one inventory of where it is, the export of it, and its erasure with a proof.

Owns the inventory: which attribute of which item holds data of a customer, how it is found, and what an erasure makes
of it. It sees all areas that hold such data, and no area depends on it. May not decide what an area stores.
"""
