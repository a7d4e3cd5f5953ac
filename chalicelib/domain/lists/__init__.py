"""The lists of staff: one page, one search and one export for every kind of thing.

Owns the index entries that lists read, kept by the stream; a list is a declaration.
Must not decide anything about what it lists.

To add a list: declare a `ListOf` in a module of this package named like the thing (venues.py is the shortest example),
name it in declared.py, and answer it with `portals/http/list_doors.py`, which also exports it. The tests of
lists and of their exports run over every declared one.

- An `index` is a set of filters with partitions of its own. A page reads the one that covers most of its filters, in
  the ordering, and checks the other filters on the entries. The whole list always is one.
- Each index costs one write unit per ordering and change of a declared value; each word one. Keep both few.
- A filter on what changes often is `live`: no entry has it, and a page checks it on the item.
"""
