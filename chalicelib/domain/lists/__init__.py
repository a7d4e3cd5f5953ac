"""The lists of staff: one page, one search and one export for every kind of thing.

Owns the projections that lists read, kept by the stream; a list is a declaration.
Must not decide anything about what it lists.
"""
