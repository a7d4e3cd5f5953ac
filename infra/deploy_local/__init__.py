"""`make deploy-local`: the package on MiniStack, and the main job through its API Gateway.

Lambda runs there in processes of this machine (no Docker). deployment.py puts the package there as on AWS: archive
and template in a bucket, one stack. door.py speaks to the API; gate.py and queues.py do the job and hold what they
see against what must be.
"""
