"""Background work: followers of the stream, jobs, and the sweep of what is due.

Owns how work is started, repeated, bounded and reported. An area lists its own work in its module `background`, and
`workers/` composes these. Must not know what any work does.
"""
