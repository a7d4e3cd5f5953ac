"""`make rebuild`: make every projection again from the items that it is made of, on a table that nobody uses.

Which class of items is what is declared in `chalicelib/table/families.py`. A rebuild has three passes over the table:
`reset` removes projections and marks, `marks` sums what is counted by a mark that stays, and `replay` passes every item
to the followers that keep projections, as the stream would. It publishes no fact and sends nothing.
"""
