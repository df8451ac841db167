"""Everything that a node can be told, in one place. Only `server.cli` fills it in."""

import ipaddress
from dataclasses import dataclass, field
from typing import Literal

from cluster.address import DEFAULT_AMQP, DEFAULT_REDIS, ZookeeperAddress
from cluster.frames import DEFAULT_MAX_MESSAGE_BYTES, DEFAULT_PATH
from cluster.names import DEFAULT_CLUSTER
from server.inbox import Retention
from server.journal import DEFAULT_JOURNAL_BYTES

DEFAULT_PORT = 7177


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What one node is told at its start; times in seconds.

    Attributes:
        zk: the ensemble to join; None for an embedded single node, which needs no service.
        redis: URL of the store, if `zk` is given.
        amqp: URL of the broker, if `zk` is given.
        cluster: first word of every znode path, key, exchange and queue.
        host: address to listen on.
        port: port to listen on; 0 for any free one.
        advertise: `host:port` by which others reach the node; None for its own address.
        public_url: what clients connect to, where a TLS terminator stands before the node; None for
            `ws://` at the advertised address.
        path: where WebSockets are served.
        weight: share of the clients relative to other nodes.
        zone: where the node runs; clients prefer their own zone.
        admin_host: address of the admin port. It has no authentication: keep it internal.
        admin_port: port for health, readiness and metrics; None for none, 0 for any free one.
        routing: `fanout` sends a batch to every node, `direct` only to those concerned, at one
            publish each.
        auth_secret: key of the clients' tokens; None to accept any name.
        origins: allowed `Origin` headers; None for every one.
        wait: how long to try to reach the services at the start; None for ever.
        session_timeout: after how long without a sign of life ZooKeeper drops the node. Lower
            notices a crash sooner and forgives shorter pauses.
        connect_timeout: how long a client may take to send its `connect` frame.
        max_connections: how many channels may be open; None for what the limit of open files
            leaves room for.
        accept_rate: new connections a second, of which one second's worth may come at once; 0 for
            no limit. Lower keeps a crowd that reconnects from slowing those that are connected.
        heartbeat: after how much silence a client is pinged. Lower finds dead connections sooner
            and wakes phones more often.
        heartbeat_grace: how long a pinged client may stay silent.
        max_message_bytes: largest message that a client may send.
        max_buffer_bytes: how much may be unsent before a client counts as not reading.
        slow_timeout: how long a client may go on not reading.
        batch_interval: least time between two batches. Higher costs latency and saves CPU, since a
            batch costs the same whether it holds one message or ten; the timers behind it count in
            milliseconds.
        drain_within: how long clients may take to move elsewhere when a signal stops the node; 0
            to send them away at once. Longer is gentler to the nodes that take them.
        retention: how long messages wait for their user.
        rebalance: whether channels are moved to emptier nodes when this one holds too many.
        rebalance_rate: the share of its channels that it moves then, a second. Higher levels the
            load sooner, and makes more clients connect anew at one time.
        journal_bytes: how much is kept in memory of what became of the latest messages, for
            `server trace`; 0 for nothing. More reaches further back.
        break_delivery: lose messages on purpose, to see that a check finds it; never for real use.
    """

    zk: ZookeeperAddress | None = None
    redis: str = DEFAULT_REDIS
    amqp: str = DEFAULT_AMQP
    cluster: str = DEFAULT_CLUSTER
    host: str = "0.0.0.0"  # every interface: clients come from elsewhere
    port: int = DEFAULT_PORT
    advertise: tuple[str, int] | None = None
    public_url: str | None = None
    path: str = DEFAULT_PATH
    weight: int = 1
    zone: str = ""
    admin_host: str = "127.0.0.1"
    admin_port: int | None = None
    routing: Literal["fanout", "direct"] = "fanout"
    auth_secret: str | None = field(default=None, repr=False)
    origins: tuple[str, ...] | None = None
    wait: float | None = None
    session_timeout: float = 6.0
    connect_timeout: float = 5.0
    max_connections: int | None = None
    accept_rate: float = 0.0
    heartbeat: float = 25.0
    heartbeat_grace: float = 10.0
    max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES
    max_buffer_bytes: int = 1024 * 1024
    slow_timeout: float = 10.0
    batch_interval: float = 0.003
    drain_within: float = 5.0
    retention: Retention = field(default_factory=Retention)
    rebalance: bool = True
    rebalance_rate: float = 0.01
    journal_bytes: int = DEFAULT_JOURNAL_BYTES
    break_delivery: bool = False

    def is_open_to_others(self) -> bool:
        """Tell whether anyone but this machine can reach the listener."""
        if self.host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return True
