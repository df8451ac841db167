"""Host names are told apart by whether they have an address."""

from __future__ import annotations

from balancer.name_lookup import unknown_hosts

# No label of DNS has more than 63 characters (RFC 1035, section 2.3.4), so no resolver is asked.
NOBODY = "x" * 64


async def test_addresses_and_names_of_this_machine_are_known() -> None:
    assert await unknown_hosts(["127.0.0.1", "::1", "localhost"]) == frozenset()


async def test_a_name_without_an_address_is_not() -> None:
    assert await unknown_hosts([NOBODY, "127.0.0.1", NOBODY]) == {NOBODY}


async def test_no_name_is_no_question() -> None:
    assert await unknown_hosts([]) == frozenset()
