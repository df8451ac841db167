"""Tests of the settings."""

import dataclasses

import pytest

from balancer.policy import POLICIES
from balancer.settings import BalancerSettings


def test_every_setting_has_a_default() -> None:
    settings = BalancerSettings()
    assert settings.port == 7000
    assert settings.policy in POLICIES
    assert settings.wait is None


def test_nobody_changes_them_later() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BalancerSettings().port = 1  # type: ignore[misc]


def test_every_setting_is_documented() -> None:
    text = BalancerSettings.__doc__ or ""
    assert all(f"{field.name}: " in text for field in dataclasses.fields(BalancerSettings))
