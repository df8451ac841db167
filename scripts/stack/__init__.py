"""What the project runs on one machine: services, containers, nodes. Standard library only.

These modules work before anything is installed, so they import nothing of the project and
nothing from PyPI.
"""
