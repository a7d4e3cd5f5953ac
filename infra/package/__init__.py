"""`make package`: one template and one archive, ready to deploy (D-OPS-01).

Chalice lists the functions, routes and triggers; infra/resources holds the table, queues and everything else.
This package merges both into one plain CloudFormation template and adds what Chalice leaves out.
"""
