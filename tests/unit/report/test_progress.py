"""The bar that a terminal shows."""

from __future__ import annotations

import pytest

from zarrlift.report import progress


def test_bar_shows_any_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Brackets in a path are no markup, and what a terminal would obey is spelt."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(progress, "_BAR_EVERY", 0.0)
    bar = progress.BarWatch(ask=lambda _: False)

    bar.phase("lifting", 10)
    bar.advance("a[/b]\x1b]0;c", 5)
    bar.close()

    shown = capsys.readouterr().err
    assert "a[/b]\\x1b]0;c" in shown
    assert "\x1b]0" not in shown
