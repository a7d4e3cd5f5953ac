"""`make deploy-local`: the package on MiniStack, and the main job through its API Gateway.

Lambda runs there in processes of this machine (no Docker). deployment.py takes the way of `make deploy`, with what
MiniStack lacks left out; infra/deploy/smoke.py checks what came up. gate.py, queues.py
and payout.py do the job and hold what they see against what must be.
"""
