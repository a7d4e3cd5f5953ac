"""Reports of attendance as JSON, CSV, XLSX and PDF, and the public proof that one is genuine."""
