"""What is said of an object store's answers."""

from __future__ import annotations

import pytest

from zarrlift.errors import UsageError
from zarrlift.store.address import Address, StoreOptions
from zarrlift.store.buckets import clean, endpoint_of, from_store_error, region_of, signed
from zarrlift.store.named import resolve


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


def test_errors_hold_no_keys_themselves() -> None:
    """A traceback shows what an error was raised from: that is clean, too."""
    body = (
        "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>abc123</AWSAccessKeyId>"
        "<StringToSign>AWS4 abc123\nabc123</StringToSign>"
        "<SignatureProvided>abc123</SignatureProvided><Token-0>abc123</Token-0></Error>"
    )
    cause = OSError(f"Generic S3 error: {body}")

    made = from_store_error(cause, doing="reading", place="s3://a/b", options=StoreOptions())

    assert made.message == "reading failed: SignatureDoesNotMatch"
    assert "abc123" not in f"{cause} {cause!r} {made}"


@pytest.mark.parametrize(
    "endpoint", ["https://me:s3cret@host", "me:s3cret@host", "https://host/?sig=s3cret"]
)
def test_login_in_an_endpoint_is_not_repeated(endpoint: str) -> None:
    """What goes before a host may be a password."""
    with pytest.raises(UsageError, match="without a login") as caught:
        endpoint_of(StoreOptions(endpoint=endpoint))

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("host", ["10.0.0.300", "1.2.3.4.5:9000", "[1:2:3]", "h:65536", "a.0x5"])
def test_numbers_that_no_server_has_are_refused(host: str) -> None:
    """In words: the library panics at an IP address, or a port, with a slip in it."""
    with pytest.raises(UsageError, match="no address of a server"):
        endpoint_of(StoreOptions(endpoint=f"http://{host}"))


@pytest.mark.parametrize("host", ["10.0.0.30:9000", "[::1]:65535", "minio", "1.a", "s3-2.h.org"])
def test_servers_have_names_or_numbers(host: str) -> None:
    """All forms of them are taken as they are."""
    assert endpoint_of(StoreOptions(endpoint=f"http://{host}")) == f"http://{host}"


@pytest.mark.parametrize("bucket", ["tenant:bucket", "[", "a[b]"])
def test_region_is_not_asked_of_what_is_no_bucket_there(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a name is no part of a host."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)

    assert region_of(Address("s3", bucket, "key"), StoreOptions()) == "us-east-1"


def test_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container nobody may have given the user a name: there are no files of keys then."""

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "XDG_CONFIG_HOME", "ZARRLIFT_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    assert not signed("s3", StoreOptions())
    assert not signed("gs", StoreOptions())
    with pytest.raises(UsageError, match="not known"):
        resolve("lab://a/b", StoreOptions())


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"])
def test_server_of_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable that the library beneath goes by is known, so that nothing is said of AWS."""
    for other in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert endpoint_of(StoreOptions()) == "http://127.0.0.1:9"
