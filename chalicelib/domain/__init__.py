"""The business, one package per area, one noun a module; modules at this level are the ground that all areas share.

Areas import downwards only (the layers contract in pyproject.toml). What an area does in the background it names in
its `background` module; `workers/` composes these, so no module here knows all areas.
"""
