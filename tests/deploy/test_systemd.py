"""The units: systemd takes them, they leave a node its time, and they are shut off well."""

from __future__ import annotations

import configparser
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deploy.places import DEPLOY
from tests.deploy.programs import passes, run

UNITS = ["im-server@.service", "im-balancer.service"]
# The highest exposure, in tenths, that `systemd-analyze security` may find: 1.5 is "OK".
EXPOSURE = 15


def settings(name: str) -> configparser.SectionProxy:
    """Return a unit's section [Service]; of a key that is repeated the last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "systemd" / name)
    return parser["Service"]


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give a unit whose program is the one of this environment; an instance of a template."""
    name = str(request.param)
    text = (DEPLOY / "systemd" / name).read_text()
    path = tmp_path / name.replace("@.", "@7177.")
    path.write_text(text.replace("/opt/im/bin", str(Path(sys.executable).parent)))
    return path


def test_systemd_takes_it(unit: Path) -> None:
    passes("systemd-analyze", "verify", unit)


def test_systemd_refuses_what_is_wrong(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("KillMode=mixed", "KillMode=gently"))
    assert "gently" in run("systemd-analyze", "verify", unit).stderr


def test_it_is_shut_off(unit: Path) -> None:
    passes("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit)


def test_a_node_has_the_time_that_its_drain_takes() -> None:
    example = tomllib.loads((DEPLOY / "im.toml").read_text())
    service = settings("im-server@.service")
    # Ten seconds to end after the drain, and as much again to spare.
    assert int(service["TimeoutStopSec"]) >= example["start"]["drain-within"] + 20
    assert service["KillSignal"] == "SIGTERM"


def test_the_limit_of_open_files_leaves_room_for_the_clients_of_the_example() -> None:
    example = tomllib.loads((DEPLOY / "im.toml").read_text())
    limit = int(settings("im-server@.service")["LimitNOFILE"])
    assert limit - limit // 10 >= example["common"]["max-connections"]


def test_a_node_that_was_drained_stays_down() -> None:
    """It ends with 0, which `always` would take for a reason to start it again."""
    assert settings("im-server@.service")["Restart"] == "on-failure"


def test_the_balancer_may_write_the_cache_that_its_example_names() -> None:
    example = tomllib.loads((DEPLOY / "balancer.toml").read_text())
    folder = settings("im-balancer.service")["StateDirectory"]
    assert re.match(rf"/var/lib/{folder}/[^/]+$", example["start"]["cache"])
