"""Tests of campus attendance below HTTP: pure rules, races, the table."""
