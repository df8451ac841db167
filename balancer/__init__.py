"""Choosing a node for a client: policies, failure memory, and the HTTP service that answers.

This package imports `cluster` alone; `client_sdk` and `server` import it for its policies.
"""
