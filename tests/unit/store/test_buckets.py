"""What is said of an object store's answers."""

from __future__ import annotations

import pytest

from zarrlift.store.address import StoreOptions
from zarrlift.store.buckets import clean, from_store_error, signed


@pytest.mark.parametrize(
    "text",
    [
        "GET http://h/b/k?X-Amz-Signature=abc123&X-Amz-Credential=abc123",
        "https://h/b?AWSAccessKeyId=abc123&Signature=abc123",
        "az://c/k?sig=abc123 failed",
    ],
)
def test_signatures_are_cut_out(text: str) -> None:
    """Nothing that signs a request is left in a text."""
    assert "abc123" not in clean(text)


def test_answer_is_shortened_to_its_cause() -> None:
    """The store's own words are kept, its document is not."""
    body = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"

    made = from_store_error(
        OSError(f"Generic S3 error: {body}"),
        doing="reading",
        place="s3://a/b",
        options=StoreOptions(),
    )

    assert made.message == "reading failed: SlowDown: Reduce your request rate."
    assert made.hint


def test_anon_is_never_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the environment are not used where requests are to go unsigned."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")

    assert signed("s3", StoreOptions())
    assert not signed("s3", StoreOptions(anon=True))
