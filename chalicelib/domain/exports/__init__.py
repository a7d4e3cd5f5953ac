"""Exports: the rows of a log or a list as one file, written in the background.

Owns the job, its parts and the formats. Must not know what rows mean: a source reads them (sources.py names all).
"""
