"""What trials of a whole cluster share: services, processes, users who talk, and the ledger.

A trial does something to a cluster while users talk, and counts. Unlike `scripts.stack` it needs
the project and its dependencies installed.
"""
