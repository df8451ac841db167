"""The client SDK: pick a node, hold a channel to it, and lose nothing when it goes.

It imports `balancer` and `cluster`, never `server`.
"""

from client_sdk.client import Client
from client_sdk.connecting import connect
from client_sdk.errors import (
    ClientClosed,
    Disconnected,
    InvalidBody,
    InvalidSetting,
    SendRejected,
    SendTimeout,
)
from client_sdk.events import Event, Happening
from client_sdk.message import Message, Sent
from cluster.errors import ClusterError, InvalidAddress, InvalidName, NoNodeAvailable

__all__ = [
    "Client",
    "ClientClosed",
    "ClusterError",
    "Disconnected",
    "Event",
    "Happening",
    "InvalidAddress",
    "InvalidBody",
    "InvalidName",
    "InvalidSetting",
    "Message",
    "NoNodeAvailable",
    "SendRejected",
    "SendTimeout",
    "Sent",
    "connect",
]
