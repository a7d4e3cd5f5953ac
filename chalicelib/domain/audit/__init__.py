"""The audit log: every write by staff, also a refused one.

Owns the entries and their chain: each entry is written in the transaction of the act that it records.
Must not know what is recorded: an act describes its subject itself.
"""
