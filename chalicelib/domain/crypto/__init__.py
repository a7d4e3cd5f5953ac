"""Cryptography: what is encrypted for one owner, and what the platform signs.

Owns the data keys of owners, and the signing keys by purpose. It is the only area that handles keys of the platform.
Must not know what it encrypts or signs, nor read an item of another area.
"""
