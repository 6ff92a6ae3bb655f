"""The page of views is what the program says of itself."""

from __future__ import annotations

import pytest

from docs import make_views


def test_page_is_up_to_date() -> None:
    """It is what `docs/make_views.py` writes."""
    assert make_views.PAGE.read_text("utf-8") == make_views.render()


@pytest.mark.parametrize("view", make_views.VIEWS, ids=lambda view: view.__name__)
def test_every_member_says_what_it_is(view: type) -> None:
    """No public member is without words."""
    silent = [n for n, m in vars(view).items() if not n.startswith("_") and not make_views.said(m)]

    assert silent == []
