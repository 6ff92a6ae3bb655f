"""What holds for all tests: how many cases of each are run; no failing for slow machines."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("zarrlift", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zarrlift")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--cases`."""
    parser.addoption(
        "--cases",
        type=int,
        metavar="N",
        help="of each test run N cases at most, spread evenly (default: all)",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out cases beyond the most of each test; every test keeps its first."""
    most: int | None = config.getoption("--cases")
    if most is None:
        return
    tests: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        tests[item.nodeid.partition("[")[0]].append(item)
    kept = {id(item) for cases in tests.values() for item in spread(cases, most)}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = [item for item in items if id(item) in kept]


def spread(cases: list[pytest.Item], most: int) -> list[pytest.Item]:
    """Give up to so many of a test's cases, from its first on, at equal distances."""
    step = max(1.0, len(cases) / most)
    return [cases[int(number * step)] for number in range(min(most, len(cases)))]
