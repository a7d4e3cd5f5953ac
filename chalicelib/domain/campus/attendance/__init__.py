"""Submissions, records, decisions, appeals and marks by hand."""
