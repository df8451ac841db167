"""The Kubernetes example: each object fits its schema, and they fit each other and the programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

import balancer.cli
import server.cli
from cluster.config_file import read_config
from tests.deploy.places import DEPLOY

FILE = DEPLOY / "kubernetes" / "im.yaml"
# An old one that is still in use, and the newest that the validator knows.
VERSIONS = ["1.27", kubernetes_validate.latest_version()]


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(FILE.read_text()))


def named(kind: str, name: str) -> dict[str, Any]:
    """Return the one object of a kind with a name."""
    [found] = [o for o in objects() if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return found


def pod(name: str) -> dict[str, Any]:
    """Return what a Deployment says of its pods."""
    spec: dict[str, Any] = named("Deployment", name)["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "item", objects(), ids=lambda item: f"{item['kind']}-{item['metadata']['name']}"
)
def test_every_object_fits_its_schema(item: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(item, version, strict=True)


def test_a_wrong_object_does_not_fit() -> None:
    item = named("Deployment", "im-node")
    item["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(item, VERSIONS[0], strict=True)


def tables(folder: Path, name: str, program: click.Group) -> dict[str, Any]:
    """Return what a file of the ConfigMap tells a program."""
    file = folder / name
    file.write_text(named("ConfigMap", "im")["data"][name])
    return read_config(file, click.Context(program))


def test_the_programs_take_their_files(tmp_path: Path) -> None:
    start = tables(tmp_path, "im.toml", server.cli.main)["start"]
    assert start["zk"].endswith("/prod")
    assert tables(tmp_path, "balancer.toml", balancer.cli.main)["start"]["zk"] == start["zk"]


def test_a_node_has_the_time_that_its_drain_takes(tmp_path: Path) -> None:
    start = tables(tmp_path, "im.toml", server.cli.main)["start"]
    assert pod("im-node")["terminationGracePeriodSeconds"] >= start["drain_within"] + 20


def test_probes_and_ports_are_those_of_the_programs(tmp_path: Path) -> None:
    start = tables(tmp_path, "im.toml", server.cli.main)["start"]
    [node] = pod("im-node")["containers"]
    ports = {port["name"]: port["containerPort"] for port in node["ports"]}
    assert ports == {"ws": 7177, "admin": start["admin_port"]}
    [other] = pod("im-balancer")["containers"]
    for container, port in ((node, "admin"), (other, "http")):
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port}
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port}


@pytest.mark.parametrize(
    ("name", "program"), [("im-node", server.cli.main), ("im-balancer", balancer.cli.main)]
)
def test_every_variable_is_one_of_the_program(name: str, program: click.Group) -> None:
    [container] = pod(name)["containers"]
    command = program.get_command(click.Context(program), container["args"][1])
    assert command is not None
    prefix = f"IM_{container['args'][0]}".upper()
    known = {f"{prefix}_START_{option.name}".upper() for option in command.params}
    known |= {f"{prefix}_{option.name}".upper() for option in program.params}
    used = {each["name"] for each in container["env"] if each["name"].startswith("IM_")}
    assert used
    assert used <= known


def test_selectors_find_the_pods_and_secrets_are_there() -> None:
    for name in ("im-node", "im-balancer"):
        labels = named("Deployment", name)["spec"]["template"]["metadata"]["labels"]
        selector = named("Deployment", name)["spec"]["selector"]["matchLabels"]
        budget = named("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"]
        assert labels == selector == budget == named("Service", name)["spec"]["selector"]
    keys = set(named("Secret", "im")["stringData"])
    [node] = pod("im-node")["containers"]
    references = [each.get("valueFrom", {}).get("secretKeyRef") for each in node["env"]]
    wanted = {reference["key"] for reference in references if reference}
    [secret] = [volume["secret"] for volume in pod("im-node")["volumes"] if "secret" in volume]
    assert wanted | {item["key"] for item in secret["items"]} == keys


def test_nodes_are_reached_by_the_addresses_of_their_pods() -> None:
    assert named("Service", "im-node")["spec"]["clusterIP"] == "None"
    [node] = pod("im-node")["containers"]
    advertised = {each["name"]: each.get("value") for each in node["env"]}
    assert advertised["IM_SERVER_START_ADVERTISE"] == "$(POD_IP):7177"
