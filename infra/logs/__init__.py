"""`make logs` and `make trace`: questions to the log of a stage, each a file of infra/logs/queries.

A file holds one query of CloudWatch Logs Insights. A stage on AWS answers it there; a local run's log is read by
`evaluation`, which knows the part of the language that the files use and refuses the rest.
"""
