"""Every command of the docs, and how it is known that it works. See `tests/docs/kinds.py`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.docs.checks import (
    image_has_its_parts,
    names_the_project,
    our_program_takes_it,
    shell_takes_it,
    units_agree,
)
from tests.docs.kinds import Claim, Elsewhere, Ends, Lasts, NotHere

_NODES = Ends(shows=r"ws://127\.0\.0\.1:\d+/ws .* up ")
_NODE = Lasts(shows=r"serves ws://127\.0\.0\.1:\d+/ws")
_BALANCER = Lasts(shows=r"http://127\.0\.0\.1:\d+")
# Whether a machine is fit is not for a test to say.
_DOCTOR = Ends(shows=r"(?s)ZooKeeper +version: .*Redis +.*RabbitMQ +.*machine +", codes=(0, 1))
_DRAINED = Ends(shows="has gone")
_MACHINE = "it changes the machine"
_IMAGES = "there may be no Docker here that gets images"
_NGINX = Elsewhere(
    ("tests/scenarios/test_nginx.py::test_clients_reach_all_nodes_and_the_file_follows",)
)
_BACKUP = Elsewhere(("tests/docs/test_backup.py::test_a_copy_brings_the_inboxes_back",))
_ROLLING = (
    "tests/scenarios/test_rolling_restart.py::test_drained_nodes_lose_nothing_and_nobody",
    "tests/scenarios/test_rolling_restart.py::test_kills_miss_the_goal",
)

CLAIMS: Mapping[str, Claim] = {
    # The scripts.
    "git clone URL im-cluster": NotHere("URL is wherever it comes from", names_the_project),
    "cd im-cluster": NotHere("it goes with `git clone`", names_the_project),
    "scripts/demo": Lasts(shows=r"http://127\.0\.0\.1:\d+/#token=\S+"),
    "scripts/cluster up": Ends(shows=r"the page: http://127\.0\.0\.1:\d+/#token=\S+"),
    "scripts/chaos --seed 1 --seconds 120 --nodes 3 --users 50": Elsewhere(
        (
            "tests/scenarios/test_chaos.py::test_faults_are_survived",
            "tests/scripts/test_chaos_cli.py::test_the_plan_is_the_seeds",
        )
    ),
    "scripts/rolling-restart": Elsewhere(_ROLLING),
    "scripts/rolling-restart --kill": Elsewhere(_ROLLING),
    "scripts/rolling-restart --nodes 5 --clients 1000 --drain-within 30 --json rolling.json": (
        Elsewhere(_ROLLING)
    ),
    "scripts/rabbitmqctl list_exchanges name type": Elsewhere(
        ("tests/scripts/test_rabbitmqctl.py::test_it_asks_the_broker_that_was_started_here",)
    ),
    "scripts/rabbitmqctl list_queues name messages": Elsewhere(
        ("tests/scripts/test_rabbitmqctl.py::test_it_asks_the_broker_that_was_started_here",)
    ),
    "scripts/bench all": Ends(shows="(?s)cross-node.*fanout-cost.*gateway.*replay"),
    "scripts/bench cross-node --json before.json": Ends(shows="none lost", look="ls before.json"),
    "scripts/bench cross-node --compare before.json": Ends(shows=r"before\.json"),
    "scripts/bench plot before.json --out cost.svg": Ends(look="grep -q '</svg>' cost.svg"),
    # The node.
    "server start": _NODE,
    "server start --zk --admin-port 9177": _NODE,
    "server start --zk &": Lasts(shows=_NODE.shows, stays=True),
    "server start --zk zk1:2181,zk2:2181 --redis redis://r1 --amqp amqp://user:password@mq1 "
    "--advertise chat1.example.org:7177 --auth-secret-file jwt.key": _NODE,
    "server --config /etc/im/im.toml start": _NODE,
    "server start --config /etc/im/im.toml": _NODE,
    # The commands for operators.
    ".venv/bin/server nodes --zk": _NODES,
    "server nodes --zk": _NODES,
    "server nodes --zk zk1:2181/prod": _NODES,
    "server --config /etc/im/im.toml nodes": _NODES,
    "server top --zk": Lasts(shows="2 nodes"),
    "server top --once": Ends(shows="2 nodes"),
    "server trace 6f1d0c2ab34e-17": Ends(shows="taken from alice for bob"),
    "server trace 6f1d0c2ab34e-17 --zk": Ends(shows="taken from alice for bob"),
    "server inbox bob": Ends(shows=r"(?s)user +bob.*head +\d+.*devices"),
    "server inbox bob --messages 3": Ends(shows=r"(?s)devices.*3 of \d+ waiting.*alice"),
    "server doctor --zk": _DOCTOR,
    "server doctor --zk zk1:2181/prod --redis redis://r1 --amqp amqp://mq1": _DOCTOR,
    "IM_SERVER_CONFIG=/etc/im/im.toml server doctor": _DOCTOR,
    "server drain 192.0.2.7:7177 --zk": _DRAINED,
    ".venv/bin/server drain 127.0.0.1:7177 --zk": _DRAINED,
    "server completion bash > ~/.local/share/bash-completion/completions/server": Ends(
        look="grep -q _SERVER_COMPLETE ~/.local/share/bash-completion/completions/server"
    ),
    'server completion zsh > "${fpath[1]}/_server"': Ends(
        look="grep -q _SERVER_COMPLETE ~/functions/_server"
    ),
    "server completion fish > ~/.config/fish/completions/server.fish": Ends(
        look="grep -q _SERVER_COMPLETE ~/.config/fish/completions/server.fish"
    ),
    "source <(server completion bash)": Ends(shows="server", look="complete -p server"),
    # The client's commands.
    "server send --zk alice bob 'hello'": Ends(shows=r"stored for bob at offset \d+ \(id \S+\)"),
    'server send --zk alice bob "hello, bob"': Ends(
        shows=r"stored for bob at offset \d+ \(id \S+\)"
    ),
    'server send --zk --receipt alice bob "are you there?"': Ends(
        shows=r"delivered to bob at offset \d+ \(id \S+\)"
    ),
    ".venv/bin/server chat --zk --as alice": Lasts(types="bob: hello", shows="bob: .*hello"),
    ".venv/bin/server chat --zk --as bob": Lasts(shows="bob is on node"),
    "server chat --zk --as bob": Lasts(shows="bob is on node"),
    "server chat --as bob --balancer http://127.0.0.1:7000": Lasts(shows="bob is on node"),
    "server chat --url ws://gateway.example.org:7777 --as bob": Lasts(shows="bob is on node"),
    # The balancer and its kin.
    "balancer start --zk zk1:2181,zk2:2181 --port 7000": _BALANCER,
    "balancer start --zk &": Lasts(shows=_BALANCER.shows, stays=True),
    "balancer start --zk --allow-admin --admin-token-file token": _BALANCER,
    "balancer gateway --zk zk1:2181 --listen 7777 --admin-port 7778": Lasts(
        shows=r"127\.0\.0\.1:\d+", stays=True
    ),
    "balancer nginx --zk zk1:2181 --out /etc/nginx/im_upstream.conf --once": _NGINX,
    "balancer nginx --zk zk1:2181 --out /etc/nginx/im_upstream.conf "
    "--reload 'systemctl reload nginx'": _NGINX,
    # Programs of others.
    "curl http://127.0.0.1:7000/v1/node": Ends(shows='"url":"ws://127.0.0.1:'),
    "curl -s 127.0.0.1:9177/readyz": Ends(shows='"ready": true'),
    "redis-cli hgetall 'im:{bob}:channels'": Ends(shows=r"[0-9a-f]{16}\n[0-9a-f-]{32,}"),
    "redis-cli get 'im:{bob}:head'": Ends(shows=r"^\d+\n"),
    "redis-cli hgetall 'im:{bob}:cursors'": Ends(shows=r"tablet\n\d+\n"),
    "redis-cli xrange 'im:{bob}:inbox' - + COUNT 5": Ends(shows=r"\d+-0\n"),
    "redis-cli --rdb im.rdb": _BACKUP,
    "redis-cli del im:epoch": _BACKUP,
    "redis-cli config set appendonly yes": _BACKUP,
    "openssl rand -hex 16 > token": Ends(look="grep -Ex '[0-9a-f]{32}' token"),
    "mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions": Ends(),
    "cp deploy/nginx/im.conf /etc/nginx/conf.d/": Ends(look="ls nginx/conf.d/im.conf"),
    # What needs another machine than that of tests.
    "systemctl reload nginx": NotHere("nginx is no unit where tests run", shell_takes_it),
    "python3 -m venv /opt/im && /opt/im/bin/pip install .": NotHere(_MACHINE, units_agree),
    "useradd --system --no-create-home im": NotHere(_MACHINE, units_agree),
    "install -D -o im -m 600 deploy/im.toml /etc/im/im.toml": NotHere(_MACHINE, units_agree),
    "install -D -o im -m 600 deploy/balancer.toml /etc/im/balancer.toml": NotHere(
        _MACHINE, units_agree
    ),
    "kubectl apply -f deploy/kubernetes/im.yaml": NotHere(
        "there is no Kubernetes here; tests/deploy/test_kubernetes.py checks it", shell_takes_it
    ),
    "docker build -t im .": NotHere(_IMAGES, image_has_its_parts),
    "docker build -t registry.example.org/im:1 . && docker push registry.example.org/im:1": (
        NotHere(_IMAGES, image_has_its_parts)
    ),
    "docker run im server start --zk zk1:2181 --host 0.0.0.0": NotHere(
        _IMAGES, our_program_takes_it
    ),
    "docker run -p 7000:7000 im balancer start --zk zk1:2181 --host 0.0.0.0": NotHere(
        _IMAGES, our_program_takes_it
    ),
}
