"""Reports of attendance: as data, as spreadsheets, as an official PDF; each registered, signed, and open to a check."""
