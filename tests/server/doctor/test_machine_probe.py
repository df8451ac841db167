"""What is seen of this machine."""

import sys
import time

from cluster.file_limit import room_for_connections, room_within
from server.doctor.machine_probe import look_at_machine


def test_it_sees_this_machine() -> None:
    facts = look_at_machine()
    assert facts.python == sys.version_info[:3]
    assert facts.uvloop is not None
    assert abs(facts.time - time.time()) < 60.0
    if facts.soft_files is not None:
        assert room_within(facts.soft_files) == room_for_connections()
        assert facts.hard_files is None or facts.hard_files >= facts.soft_files
