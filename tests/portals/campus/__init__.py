"""Tests of the campus portal through HTTP."""
