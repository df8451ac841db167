"""A report and options for the tests of the rolling restart."""

from __future__ import annotations

from scripts.rolling_lib.gaps import GapFigures
from scripts.rolling_lib.latencies import LatencyFigures
from scripts.rolling_lib.options import Options
from scripts.rolling_lib.pace import Pace
from scripts.rolling_lib.report import Report
from scripts.rolling_lib.restart import Restart
from tests.scripts.totals import TOTALS

OPTIONS = Options(
    seed=1,
    nodes=2,
    clients=4,
    rate=50.0,
    drain_within=2.0,
    kill=False,
    steady=1.0,
    settle=5.0,
    services={},
    json=None,
)
GOOD = Report(
    seed=1,
    nodes=3,
    clients=300,
    rate=500.0,
    drain_within=10.0,
    kill=False,
    cluster="rolling-1",
    totals=TOTALS,
    findings=[],
    restarts=[Restart("node-1", 100, 5.0, 14.0, 15.5, {"node-2": 49, "node-3": 51})],
    paces=[Pace(10.0, 20)],
    reconnects=100,
    gaps=GapFigures(4, 0.0, 0.25, 0.5),
    latencies={"before": LatencyFigures(2500, 0.0021, 0.012, 0.05)},
    refusals={"SendTimeout": 2},
    events={"connected": 400, "moving": 100},
    clients_ended=0,
    problems=[],
)
