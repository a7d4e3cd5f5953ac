"""`make package`: one template and one archive, ready to be deployed.

Chalice says which functions, routes and triggers there are; infra/resources.yaml what they stand on. Here both
become one plain CloudFormation template, with what Chalice leaves out.
"""
