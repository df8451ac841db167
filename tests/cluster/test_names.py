"""Names from outside are accepted or refused with the rule that they break."""

import pytest

from cluster.errors import InvalidName
from cluster.names import check_cluster, check_name, split_send_id


@pytest.mark.parametrize("name", ["im", "a", "Im-2.test_x", "9" * 64])
def test_clusters(name: str) -> None:
    assert check_cluster(name) == name


@pytest.mark.parametrize("name", ["", "-im", "a/b", "a b", "im:x", "ä", "x" * 65, "im\n", ".."])
def test_what_no_cluster_may_be_called(name: str) -> None:
    with pytest.raises(InvalidName, match=r"^cluster must be 1 to 64"):
        check_cluster(name)


@pytest.mark.parametrize("name", ["bob", "Zoë", "用户", "a b", "x@y.z", "a:b", "x" * 255])
def test_users(name: str) -> None:
    assert check_name("user", name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("x" * 256, "at most 255 bytes long, not 256"),
        ("ä" * 128, "at most 255 bytes long, not 256"),
        ("x" * 10_240, "not 10240"),
        ("a\x00b", "control"),
        ("a\nb", "control"),
        ("a\x7f", "control"),
        ("a\u2028b", "control"),
        ("a{b", "braces"),
        ("b}", "braces"),
        ("\ud800", "surrogates"),
    ],
)
def test_what_no_user_may_be_called(name: str, reason: str) -> None:
    with pytest.raises(InvalidName, match=f"^user .*{reason}"):
        check_name("user", name)


def test_send_ids() -> None:
    assert split_send_id("s.1_~-42") == ("s.1_~", 42)
    assert split_send_id("s-000000000000007") == ("s", 7)
    for text in ("", "s", "s-", "-1", "s--1", "s-1x", "s-1\n", "a-b-1", "s-" + "1" * 16):
        assert split_send_id(text) is None
