"""What `server doctor` finds out about the services and the machine that a node stands on.

Each subject has two modules: one asks and returns facts (`*_probe`), one judges the facts and does
nothing else. Nothing here changes a service: what a trial makes is gone when it ends.
"""
