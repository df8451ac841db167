"""That who listens to channels listens to all that they report."""

from server.channel_events import ChannelEvents
from server.events import Events
from tests.server.rig import Rig


async def test_the_node_takes_every_report() -> None:
    async with Rig() as rig:
        # The annotation lets mypy compare the signatures.
        listener: Events = rig.parts.events
    reports = {name for name in vars(Events) if not name.startswith("_")}
    assert reports <= set(dir(listener))
    assert isinstance(listener, ChannelEvents)
