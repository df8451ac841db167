"""What `scripts/chaos` consists of: a schedule of faults, users who talk, a ledger that checks.

Unlike `scripts.stack` it needs the project and its dependencies installed.
"""
