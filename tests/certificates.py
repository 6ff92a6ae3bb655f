"""Certificates for servers of tests, signed by an authority of their own that nobody trusts."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Signs what servers show; `certificate` is the file that clients have to be told of."""

    folder: Path
    certificate: Path

    def sign(self, host: str, days: int = 2) -> tuple[Path, Path]:
        """Give the files of a certificate for a host, such as `IP:127.0.0.1`, and of its key.

        With less than no days it has expired.
        """
        made, key = self.folder / "server.pem", self.folder / "server.key"
        asked, more = self.folder / "server.csr", self.folder / "server.ext"
        more.write_text(f"subjectAltName={host}\nbasicConstraints=critical,CA:FALSE\n", "ascii")
        _openssl("req", "-new", *_KEY, "-subj", "/CN=server", "-keyout", key, "-out", asked)
        signed = ("-CA", self.certificate, "-CAkey", self.folder / "ca.key", "-CAcreateserial")
        _openssl(
            *("x509", "-req", "-in", asked, *signed, "-extfile", more),
            *("-days", days, "-out", made),
        )
        return made, key


def make_authority(folder: Path) -> Authority:
    """Make an authority in a folder; skips the test where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, to make certificates")
    made = folder / "ca.pem"
    _openssl(
        *("req", "-x509", *_KEY, "-days", 2, "-subj", "/CN=authority of tests"),
        *("-addext", "keyUsage=critical,keyCertSign"),
        *("-keyout", folder / "ca.key", "-out", made),
    )
    return Authority(folder=folder, certificate=made)


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
