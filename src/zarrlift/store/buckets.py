"""Connecting to object stores, and putting into words what they answer.

Only this module and `remote` know obstore. Nothing here says a key or a token.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarrlift.errors import AccessError, StorageError, UsageError
from zarrlift.store.address import WEB
from zarrlift.store.writing import s3_settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from zarrlift.store.address import Address, StoreOptions

_RETRY: Any = {
    "max_retries": 8,
    "retry_timeout": timedelta(seconds=90),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=10),
        "base": 2,
    },
}
_CLIENT: dict[str, Any] = {
    "connect_timeout": "10s",
    "timeout": "300s",
    "pool_max_idle_per_host": "64",
}
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
_KEYS_TOO = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",)
_GOOGLE = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY")
_GOOGLE_FILE = ".config/gcloud/application_default_credentials.json"
_AZURE = (
    *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_TOKEN"),
    *("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"),
)
_REGION_WAIT = 5.0
_SECRETS = re.compile(
    r"(?i)((?:x-amz-[\w-]+|awsaccesskeyid|signature|sig|token|credential)=)[^&\s\"']+"
)
_CHANGED = "bytes changed on their way, and nothing was kept: run the same command again"
_HINTS = (
    ("InvalidAccessKeyId", "the access key is not known there: check the keys or --profile"),
    ("SignatureDoesNotMatch", "the secret key does not fit the access key"),
    ("ExpiredToken", "the keys have expired: renew them, then run the same command again"),
    ("RequestTimeTooSkewed", "this machine's clock is wrong: set it, then try again"),
    ("AuthorizationHeaderMalformed", "check --region"),
    ("PermanentRedirect", "the bucket is in another region: check --region and --endpoint"),
    ("NoSuchBucket", "there is no such bucket: check its name and --endpoint"),
    ("certificate", "the server's certificate is not trusted: check --endpoint"),
    ("BadDigest", _CHANGED),
    ("SHA256Mismatch", _CHANGED),
    ("dns error", "there is no such host: check --endpoint and the network"),
    ("Connection refused", "nothing listens there: check --endpoint"),
    ("Content-Length", "the server does not say how large files are: copy the dataset to a folder"),
    ("405 Method Not", "the server does not take such requests: copy the dataset to a folder"),
    ("timed out", "the server does not answer: check --endpoint and the network"),
)


_NO_KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose --profile"
_NO_LOGIN = "no login is sent to addresses of the web: with keys, name it as s3://BUCKET/KEY"


def connect(address: Address, options: StoreOptions) -> ObjectStore:
    """Open a bucket; nothing is asked of it yet, but for its region where AWS holds it."""
    from obstore import store  # noqa: PLC0415 - slow to load, and not for local folders

    if address.scheme == "s3":
        return _s3(address, options)
    if address.scheme in WEB:
        return _web(address)
    unsigned: Any = {} if signed(address.scheme, options) else {"skip_signature": True}
    client: Any = _CLIENT
    if address.scheme == "gs":
        return store.GCSStore(
            address.bucket, client_options=client, retry_config=_RETRY, **unsigned
        )
    return store.AzureStore(
        container_name=address.bucket, client_options=client, retry_config=_RETRY, **unsigned
    )


def connect_copying(source: Address, target: Address, options: StoreOptions) -> ObjectStore:
    """Open a bucket so that a copy within it takes its bytes from another bucket of the server.

    The client puts its bucket's name before the key that is copied, and its endpoint before the
    key that is written; here these are of two buckets.
    """
    from obstore.store import S3Store  # noqa: PLC0415 - as above

    settings = _s3_settings(target, options)
    endpoint = settings.get("endpoint") or f"https://s3.{settings['region']}.amazonaws.com"
    settings["endpoint"] = f"{endpoint}/{target.bucket}"
    settings["virtual_hosted_style_request"] = True
    return S3Store(source.bucket, **settings)


def _s3(address: Address, options: StoreOptions) -> ObjectStore:
    from obstore.store import S3Store  # noqa: PLC0415 - as above

    return S3Store(address.bucket, **_s3_settings(address, options))


def endpoint_of(options: StoreOptions) -> str | None:
    """Give the server that is asked for S3 addresses; None is AWS."""
    return options.endpoint or _environment("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def region_of(address: Address, options: StoreOptions) -> str:
    """Give the region of a bucket, which AWS is asked for where nothing says it."""
    region = options.region or _environment("AWS_REGION", "AWS_DEFAULT_REGION")
    if region is None and endpoint_of(options) is None:
        region = _region_of(address.bucket)
    return region or "us-east-1"


def _s3_settings(address: Address, options: StoreOptions) -> dict[str, Any]:
    endpoint = endpoint_of(options)
    settings: dict[str, Any] = {"client_options": dict(_CLIENT), "retry_config": _RETRY}
    if endpoint:
        settings["endpoint"] = endpoint.rstrip("/")
        settings["virtual_hosted_style_request"] = options.bucket_host
        settings["client_options"]["allow_http"] = endpoint.startswith("http://")
    settings["region"] = region_of(address, options)
    settings |= s3_settings(options, aws=endpoint is None)
    if not signed("s3", options):
        settings["skip_signature"] = True
    elif options.profile or not _environment(*_KEYS, *_KEYS_TOO):
        settings["credential_provider"] = _profile(options.profile)
    return settings


def _web(address: Address) -> ObjectStore:
    from obstore.store import HTTPStore  # noqa: PLC0415 - as above

    client: Any = _CLIENT | {"allow_http": address.scheme == "http"}
    url = f"{address.scheme}://{address.bucket}"
    return HTTPStore(url, client_options=client, retry_config=_RETRY)


def _environment(*names: str) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _has_keys() -> bool:
    """Say whether the environment or a file holds keys; no metadata address is waited for."""
    if _environment(*_KEYS, *_KEYS_TOO, "AWS_PROFILE"):
        return True
    named = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    return Path(named or Path.home() / ".aws" / "credentials").is_file()


def signed(scheme: str, options: StoreOptions) -> bool:
    """Say whether requests are signed."""
    if options.anon or scheme in WEB:
        return False
    if scheme == "gs":
        return bool(_environment(*_GOOGLE)) or (Path.home() / _GOOGLE_FILE).is_file()
    if scheme == "az":
        return bool(_environment(*_AZURE))
    return bool(options.profile or _has_keys())


def _profile(name: str | None) -> Any:  # noqa: ANN401 - obstore's own kind of provider
    try:
        import boto3  # noqa: PLC0415 - slow to load, and needed for profiles only
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - as above
    except ImportError as error:
        raise UsageError(
            "profiles of ~/.aws need boto3, which is not installed",
            hint="pip install 'zarrlift[aws]', set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or choose --anon",
        ) from error
    try:
        return Boto3CredentialProvider(boto3.Session(profile_name=name))
    except (BotoCoreError, ValueError) as error:
        raise UsageError(f"no keys from ~/.aws: {error}", hint="check --profile") from error


def _region_of(bucket: str) -> str | None:
    """Ask AWS in which region a bucket lies; it says so even where it refuses all else."""
    request = urllib.request.Request(f"https://{bucket}.s3.amazonaws.com", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_REGION_WAIT) as answer:  # noqa: S310
            headers = answer.headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    except (OSError, ValueError):
        return None
    region: str | None = headers.get("x-amz-bucket-region")
    return region


def from_store_error(
    error: Exception, *, doing: str, place: str, options: StoreOptions, scheme: str = ""
) -> StorageError:
    """Put into words what an object store answered while `doing` something at `place`.

    `scheme` is that of the store, where users call the place by another name.
    """
    from obstore import exceptions  # noqa: PLC0415 - slow to load

    text = clean(str(error))
    hint = next((h for sign, h in _HINTS if sign.lower() in text.lower()), None)
    refused = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
    if isinstance(error, refused) or "AccessDenied" in text:
        scheme = scheme or place.partition(":")[0]
        keys = signed(scheme, options)
        how = "with keys" if keys else "without keys"
        step = "check the keys, and what they allow" if keys else _no_keys(scheme)
        return AccessError(f"{doing} was refused (asked {how})", place=place, hint=hint or step)
    cause = _short(text)
    return StorageError(
        f"{doing} failed: {cause}",
        place=place,
        hint=hint or "the same command continues once it is cured",
    )


def _no_keys(scheme: str) -> str:
    return _NO_LOGIN if scheme in WEB else _NO_KEYS


def clean(text: str) -> str:
    """Take keys, signatures and tokens out of a text."""
    return _SECRETS.sub(r"\1…", text)


def _short(text: str) -> str:
    """Give the part of an answer that says why, without the library's own dump of it."""
    first = text.partition("\nDebug source:")[0].strip()
    found = re.search(r"<Code>(\w+)</Code>(?:.*?<Message>([^<]*)</Message>)?", first, re.DOTALL)
    if found:
        return ": ".join(part for part in found.groups() if part)
    return first.replace("\n", " ")[-300:]
