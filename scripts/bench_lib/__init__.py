"""What `scripts/bench` consists of: nodes to load, a generator that loads them, and meters.

Like `scripts.trial_lib` it needs the project and its dependencies installed.
"""
