"""Keys that expire, are denied or are renewed in the middle of a lift, and no keys at all."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import zarrlift as zl
from tests.faults import Answer, Request, after
from tests.functional.far import Bucket, Far, Stock
from tests.functional.runs import zarrlift
from tests.proxy import proxied
from tests.servers import ACCESS, OTHER_ACCESS, OTHER_SECRET, PUBLIC, SECRET
from zarrlift.errors import AccessError, StorageError

NO_KEYS = {
    **dict.fromkeys(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]),
    **dict.fromkeys(["AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]),
}


@pytest.mark.parametrize(
    ("share", "status"), [(0, 400), (0.2, 403), (0.4, 400), (0.6, 403), (0.8, 400), (0.95, 403)]
)
def test_keys_that_expire(share: float, status: int, far: Far) -> None:
    """From some request on keys are expired: an error says so, and good keys end the lift.

    What had been written until then is right, so no chunk was taken for an empty one.
    """
    zl.convert(far.stock.source, f"{far.target}-whole", **far.reach())
    at = int(share * far.proxy.count())
    far.proxy.forget()
    far.proxy.faults.append(after(at, Answer(status, "ExpiredToken")))

    with pytest.raises(StorageError, match="the keys have expired: renew them"):
        far.convert()

    far.assert_sound()
    far.proxy.forget()
    assert far.convert().finished
    far.assert_finished()


def test_rights_that_are_lost_name_the_side(far: Far) -> None:
    """A refusal says which side it was, that it was signed, and the key."""
    far.proxy.faults.append(after(0, Answer(403, "AccessDenied"), lambda r: far.key in r.path))

    with pytest.raises(AccessError, match=r"target, asked with keys") as caught:
        far.convert()

    assert str(caught.value).startswith(far.target)
    far.assert_sound()


def profile(folder: Path, *, minutes: int) -> Path:
    """Write a configuration whose keys come from a program; gives the file of what it says."""
    keys = folder / "keys"
    give(keys, ACCESS, SECRET, minutes)
    program = folder / "program"
    program.write_text(f"echo >>{folder}/runs\ncat {keys}\n")
    (folder / "config").write_text(f"[profile lab]\ncredential_process = sh {program}\n")
    return keys


def give(keys: Path, access: str, secret: str, minutes: int) -> None:
    """Let the program of a profile give these keys."""
    end = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    made = {"Version": 1, "AccessKeyId": access, "SecretAccessKey": secret, "Expiration": end}
    keys.write_text(json.dumps(made))


def test_keys_of_a_profile_are_renewed(
    far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that run out are asked for anew in the middle of a lift, which goes on with them."""
    keys = profile(tmp_path, minutes=12)  # boto3 renews in the last 15 minutes
    for name in NO_KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setattr("zarrlift.store.buckets._KEPT", timedelta(minutes=5, seconds=0.1))
    far.proxy.latency = 0.05
    replaced: list[float] = []

    def expire(request: Request) -> Answer | None:
        """Replace the keys at the hundredth request; a second later the old ones are no good."""
        if request.number == 100:
            give(keys, OTHER_ACCESS, OTHER_SECRET, 12)
            replaced.append(time.monotonic())
        old = request.key_id == ACCESS and replaced and time.monotonic() - replaced[0] > 1
        return Answer(403, "ExpiredToken") if old else None

    far.proxy.faults.append(expire)

    assert far.convert(profile="lab", requests=2).finished

    asked = Counter(r.key_id for r in far.proxy.requests)
    assert min(asked[ACCESS], asked[OTHER_ACCESS]) > 50
    far.assert_finished()


def test_profile_whose_program_fails(
    far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that gives no keys any more, in the middle of a lift, is named as the cause."""
    keys = profile(tmp_path, minutes=9)  # within 10 minutes boto3 does without old keys
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setattr("zarrlift.store.buckets._KEPT", timedelta(minutes=5, seconds=0.1))
    plan = zl.plan(far.stock.source, far.target, **far.reach(profile="lab"))
    keys.unlink()

    with pytest.raises(StorageError, match="profile") as caught:
        zl.run(plan, **far.reach(profile="lab"))

    assert SECRET not in str(caught.value)


def test_profile_without_a_sign_on(
    far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile whose sign-on has ended is no refusal of the store, which was not asked."""
    lines = ["sso_start_url = https://lab.invalid/start", "sso_region = us-east-1"]
    lines += ["sso_account_id = 123456789012", "sso_role_name = reader"]
    (tmp_path / "config").write_text("\n".join(["[profile lab]", *lines]))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(StorageError, match=r"gave no keys \(SSOTokenLoadError") as caught:
        zl.plan(far.stock.source, far.target, **far.reach(profile="lab"))

    assert "aws sso login" in str(caught.value)
    assert not isinstance(caught.value, AccessError)
    assert far.proxy.requests == []


def test_without_keys_nothing_is_waited_for(stock: Stock, tmp_path: Path) -> None:
    """Without keys a lift asks at once, unsigned, and asks no metadata address."""
    source = Bucket(stock.server, PUBLIC).put(stock.folder, "anonymous")
    with proxied(stock.server.endpoint) as near, proxied("http://127.0.0.1:9") as trap:
        env = {
            **NO_KEYS,
            "HOME": str(tmp_path),
            "http_proxy": trap.endpoint,
            "no_proxy": "127.0.0.1",
        }
        begun = time.monotonic()
        ran = zarrlift("plan", source, tmp_path / "new", "--endpoint", near.endpoint, env=env)
        taken = time.monotonic() - begun

        assert ran.code == 0, ran.said
        assert trap.requests == []
        assert {r.key_id for r in near.requests} == {None}
    assert taken < 5


def test_file_without_the_profile_is_no_keys(stock: Stock, tmp_path: Path) -> None:
    """Keys of another profile than the usual one do not keep a public bucket from being read."""
    source = Bucket(stock.server, PUBLIC).put(stock.folder, "other-profile")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[work]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    begun = time.monotonic()

    where = ["--endpoint", stock.server.endpoint]
    ran = zarrlift("plan", source, tmp_path / "new", *where, env={**NO_KEYS, "HOME": str(tmp_path)})

    assert ran.code == 0, ran.said
    assert time.monotonic() - begun < 5


def test_program_that_makes_keys_runs_once(
    stock: Stock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many connections there are, the program that makes keys runs once."""
    profile(tmp_path, minutes=60)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    zl.plan(stock.source, tmp_path / "new", endpoint=stock.server.endpoint, profile="lab")
    zl.survey(stock.source, endpoint=stock.server.endpoint, profile="lab")

    assert (tmp_path / "runs").read_text() == "\n"
