"""How one node uses RabbitMQ: where it is, what things are called there, and every limit.

Pure: it may not talk to a broker.
"""

from dataclasses import dataclass
from typing import Literal

from cluster.address import without_password

Routing = Literal["fanout", "direct"]


@dataclass(frozen=True, slots=True)
class RabbitmqSettings:
    """What never changes in the life of a bus.

    Attributes:
        url: `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `amqps://…`.
        cluster: first word of every exchange and queue.
        node_id: whose bus it is.
        routing: `fanout` hands each batch to the broker once and to every node; `direct` once
            for each node that needs it and to no other, which is cheaper for big clusters.
        heartbeat: seconds; a dead connection is noticed after this and 5 s more. The pulse
            notices earlier, but gives up the connection later.
        max_unconfirmed: publishes without a confirm. At 0.5 ms a confirm, 1000 allow far more
            publishes a second than a node can make; more would only hide a broker that lags.
        max_buffered_bytes: what may wait in this process for the socket.
        lag_limit: seconds after which a publish that is not confirmed, or a pulse that has not
            come back, means that the bus does not work. Until then its batches are late without
            anybody knowing; a shorter limit would call a broker that pauses for breath away.
        stall_limit: seconds of lagging, without being blocked, after which connections are made
            anew, whatever they look like.
        blocked_limit: seconds that the broker may block a connection before it is made anew.
        open_timeout: seconds that one attempt to connect may take.
        close_timeout: seconds that saying goodbye may take.
        retry_base: seconds before the first attempt to connect again; they double.
        retry_cap: seconds between two attempts at most.
        prefetch: batches on their way to this node that it has not acknowledged.
        ack_every: batches acknowledged by one frame; the rest goes with the next tick.
        queue_bytes: what the broker keeps for a node that does not read. Beyond it the oldest
            batches are dropped, which the node sees as gaps.
    """

    url: str
    cluster: str
    node_id: str
    routing: Routing = "fanout"
    heartbeat: int = 10
    max_unconfirmed: int = 1000
    max_buffered_bytes: int = 8 * 1024 * 1024
    lag_limit: float = 0.75
    stall_limit: float = 20.0
    blocked_limit: float = 60.0
    open_timeout: float = 5.0
    close_timeout: float = 1.5
    retry_base: float = 0.1
    retry_cap: float = 3.0
    prefetch: int = 256
    ack_every: int = 64
    queue_bytes: int = 64 * 1024 * 1024

    @property
    def address(self) -> str:
        """The URL as it may be logged."""
        return without_password(self.url)

    @property
    def exchange(self) -> str:
        """The fanout exchange that all nodes of the cluster share."""
        return f"{self.cluster}.fanout"

    @property
    def queue(self) -> str:
        """This node's own queue."""
        return self.queue_of(self.node_id)

    def queue_of(self, node_id: str) -> str:
        """Return the name of a node's queue, which is also its routing key for `direct`."""
        return f"{self.cluster}.node.{node_id}"
