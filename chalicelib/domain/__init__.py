"""Domain logic: one package per area, one noun per module. Modules at this level are shared by all areas.

Areas import downwards only (the layers contract in pyproject.toml). Each area lists its background work in its
`background` module. `workers/` composes these, so no module here imports all areas.
"""
