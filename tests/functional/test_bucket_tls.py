"""Stores behind TLS whose certificates are of an authority of one's own, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest

import zarrlift as zl
from tests.certificates import Authority, make_authority
from tests.faults import Answer, after
from tests.functional.far import Far, files
from tests.functional.runs import assert_refused, in_process
from tests.proxy import proxied
from zarrlift.store.address import Address, StoreOptions
from zarrlift.store.unfinished import abort_uploads

HERE = "IP:127.0.0.1"
HASTY = ("--patience", "1")


@pytest.fixture(name="authority", scope="module")
def new_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that no machine trusts."""
    return make_authority(tmp_path_factory.mktemp("authority"))


def test_authority_of_ones_own(
    far: Far, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused, on either side and on the web, until SSL_CERT_FILE names it; then all works.

    Boto3, which looks for unfinished uploads, trusts it too.
    """
    old, target = far.stock.folder, tmp_path / "new"
    with proxied(far.stock.server.endpoint, certificate=authority.sign(HERE)) as safe:
        where = ["--endpoint", safe.endpoint, *HASTY]
        refused = [
            in_process("convert", far.stock.source, target, *where),
            in_process("convert", old, far.target, *where),
            in_process("convert", f"{safe.endpoint}/private/stock/old", target, *HASTY),
        ]
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
        down = zl.convert(far.stock.source, target, endpoint=safe.endpoint)
        up = zl.convert(old, far.target, endpoint=safe.endpoint)
        place = Address("s3", far.stock.bucket.name, far.key)
        safe.forget()
        abort_uploads(place, StoreOptions(endpoint=safe.endpoint), lambda _: True)
        looked = safe.count("GET", "uploads")

    for ran in refused:
        assert_refused(ran, "the certificate is not trusted", "SSL_CERT_FILE")
    assert far.stock.source in refused[0].err
    assert far.target in refused[1].err
    assert down.finished
    assert up.finished
    assert files(target) == far.stock.due
    far.assert_finished()
    assert looked == 1


@pytest.mark.parametrize(
    ("shown", "step"),
    [
        (("DNS:store.example", 2), "the certificate is for another host: write --endpoint"),
        ((HERE, -1), "the certificate has expired"),
    ],
    ids=["host", "expired"],
)
def test_certificate_that_does_not_fit(
    shown: tuple[str, int],
    step: str,
    far: Far,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A certificate of a trusted authority is refused where host or time are wrong, and why."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))

    with proxied(far.stock.server.endpoint, certificate=authority.sign(*shown)) as safe:
        ran = in_process(
            "plan", far.stock.source, tmp_path / "new", "--endpoint", safe.endpoint, *HASTY
        )

    assert_refused(ran, far.stock.source, "no connection was made", step)


def test_file_of_certificates_that_is_not_there(
    far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong SSL_CERT_FILE is named."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    there = far.proxy.endpoint.replace("http:", "https:")

    ran = in_process("plan", far.stock.source, tmp_path / "new", "--endpoint", there)

    assert_refused(ran, "SSL_CERT_FILE", code=2)


def test_no_tls_where_the_server_wants_it(far: Far, authority: Authority, tmp_path: Path) -> None:
    """Plain HTTP to a server with TLS: the connection breaks off, and the scheme is named."""
    with proxied(far.stock.server.endpoint, certificate=authority.sign(HERE)) as safe:
        plain = safe.endpoint.replace("https:", "http:")
        ran = in_process("plan", far.stock.source, tmp_path / "new", "--endpoint", plain, *HASTY)

    assert_refused(ran, "the connection broke off", "with http:// or https://")


@pytest.mark.parametrize(
    "said",
    [
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"<html>The plain HTTP request was sent to HTTPS port</html>",
    ],
    ids=["go", "nginx"],
)
def test_server_that_says_that_it_wants_tls(said: bytes, far: Far, tmp_path: Path) -> None:
    """Servers that answer plain HTTP by a refusal in words are understood."""
    far.proxy.faults.append(after(0, Answer(400, body=said)))

    ran = in_process("plan", far.stock.source, tmp_path / "new", "--endpoint", far.proxy.endpoint)

    assert_refused(ran, "400", "write --endpoint with https://")
