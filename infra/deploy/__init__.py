"""`make deploy`, `make rollback`, `make destroy`: one command each, against CloudFormation.

account.py has the clients; releases.py keeps what was deployed in a bucket; stack.py shows a change set, executes it
and waits; smoke.py uses what came up, through its public address. `make deploy-local` takes the same way on MiniStack.
"""
