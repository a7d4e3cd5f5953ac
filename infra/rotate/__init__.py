"""Rotation of the platform's secrets: `make rotate STAGE= NAME=`."""
