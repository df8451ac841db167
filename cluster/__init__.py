"""What every part of the messaging cluster agrees on: records, frames, codes, errors, registry.

This package is the lowest box: it imports neither `balancer`, `client_sdk` nor `server`.
"""

__version__ = "0.1.0"
