"""The parts of a node, wired together. It makes them and starts nothing."""

import asyncio
import random
import time

from cluster.file_limit import room_for_connections, room_for_sockets
from cluster.snapshot import Snapshot
from server.acknowledgements import Acknowledgements
from server.admission import Admission
from server.auth import Authenticate, accept_anyone, require_token
from server.backends import Backends
from server.bus import Receiver
from server.caretaker import Caretaker
from server.channel import Channel
from server.channel_events import ChannelEvents
from server.degradation import Degradation
from server.destinations import Destinations
from server.dispatch import Dispatch
from server.hub import Hub
from server.inbox import Inbox
from server.journal import Journal
from server.keepalive import KeepAlive
from server.leaves import Leaves
from server.login import Login
from server.mover import Mover
from server.presence import Presence
from server.rebalance import NOTICED, Shedding
from server.rebalancer import Rebalancer
from server.receipts import Receipts
from server.recovery import Recovery
from server.replay import Replay
from server.router import Router
from server.sabotage import broken_sequence, lossy
from server.settings import NodeSettings
from server.stats import Stats
from server.sweep import Sweep
from server.tasks import Tasks
from server.transport import WebSocketTransport
from server.welcome import Welcome


class Parts:
    """What a node consists of; each part knows those above it in this list."""

    def __init__(self, node_id: str, settings: NodeSettings, backends: Backends) -> None:
        inbox, directory = backends.inbox, backends.directory
        self._break_delivery = settings.break_delivery
        self._rebalance = settings.rebalance
        self.stats = stats = Stats()
        self.tasks = Tasks(stats)
        self.journal = journal = Journal(settings.journal_bytes)
        self.hub = Hub(lambda flush: asyncio.get_running_loop().call_soon(flush), journal)
        self.degradation = Degradation()
        self.presence = Presence(directory)
        self.welcome = Welcome(node_id, inbox, self.degradation, settings.heartbeat)
        self.acknowledgements = Acknowledgements(inbox, journal)
        self.leaves = Leaves(self.hub, directory)
        self.recovery = Recovery(
            node_id, self.hub, directory, inbox, self.welcome, self.degradation
        )
        epoch_changed = self.recovery.check_epoch
        self.replay = Replay(
            inbox, self.welcome, stats, journal=journal, epoch_changed=epoch_changed
        )
        self.dispatch = Dispatch(
            node_id,
            self.hub,
            inbox,
            backends.bus,
            stats,
            journal=journal,
            routing=settings.routing,
            epoch_changed=epoch_changed,
            publish_failed=self.recovery.alarm_others,
        )
        self.receipts = Receipts(inbox, directory)
        self.router = self._make_router(inbox, settings)
        self.login = Login(
            self.hub,
            backends,
            self.welcome,
            self.leaves,
            authenticate=make_authenticate(settings),
            epoch_changed=epoch_changed,
        )
        self.admission = make_admission(settings, self.hub)
        self.caretaker = make_caretaker(settings, stats)
        self.sweep = Sweep(node_id, directory, stats)
        self.mover = Mover(Destinations(node_id, settings.zone, self._snapshot), stats)
        shedding = Shedding(settings.rebalance_rate, settings.session_timeout + NOTICED)
        self.rebalancer = Rebalancer(
            node_id, self.hub, self.mover, self._snapshot, shedding, clock=time.monotonic
        )
        self.events = ChannelEvents(self)
        self.degradation.on_change = self._tell_degradation

    def _make_router(self, inbox: Inbox, settings: NodeSettings) -> Router:
        return Router(
            inbox,
            self.dispatch,
            self.receipts,
            self.stats,
            journal=self.journal,
            interval=settings.batch_interval,
            epoch_changed=self.recovery.check_epoch,
            store_settled=lambda: self.recovery.settled,
        )

    def _snapshot(self) -> Snapshot:
        return self.presence.snapshot

    def _tell_degradation(self) -> None:
        self.tasks.spawn(self.hub.tell_all(self.degradation.frame()))

    def run(self) -> None:
        """Start every loop."""
        for loop in (
            self.router.run,
            self.replay.run,
            self.receipts.run,
            self.leaves.run,
            self.acknowledgements.run,
            self.recovery.run,
            self.sweep.run,
            self.caretaker.run,
        ):
            self.tasks.keep_running(loop)
        if self._rebalance:
            self.tasks.keep_running(self.rebalancer.run)

    def make_channel(self, transport: WebSocketTransport) -> Channel:
        """Make the channel for a new connection."""
        clock = (time.monotonic, time.time)
        channel = Channel(transport, self.events, self.hub.mark_dirty, self.stats, clock)
        if self._break_delivery:
            channel.sequence = broken_sequence(channel)
        return channel

    @property
    def receive(self) -> Receiver:
        """What takes batches from the bus."""
        receive = self.dispatch.receive
        return lossy(receive, random.random) if self._break_delivery else receive


def make_authenticate(settings: NodeSettings) -> Authenticate:
    """Return the check of tokens that the settings ask for."""
    secret = settings.auth_secret
    return accept_anyone if secret is None else require_token(secret)


def make_admission(settings: NodeSettings, hub: Hub) -> Admission:
    """Make the admission that the settings ask for."""
    limit, sockets = settings.max_connections, room_for_sockets()
    return Admission(
        lambda: len(hub.channels),
        max_connections=room_for_connections() if limit is None else limit,
        # Who names a limit of clients gets it.
        max_sockets=None if sockets is None else max(sockets, limit or 0),
        accept_rate=settings.accept_rate,
    )


def make_caretaker(settings: NodeSettings, stats: Stats) -> Caretaker:
    """Make the caretaker that the settings ask for."""
    return Caretaker(
        KeepAlive(settings.heartbeat, settings.heartbeat_grace),
        stats,
        connect_timeout=settings.connect_timeout,
        slow_timeout=settings.slow_timeout,
        clock=time.monotonic,
    )
