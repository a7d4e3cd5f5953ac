"""Running totals of attendance, and what dashboards, histograms and anomaly rules read from them."""
