"""Connecting to object stores, and putting into words what they answer.

Only this module and `remote` know obstore. Nothing here says a key or a token.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from zarrlift.errors import AccessError, StorageError, UsageError
from zarrlift.store import clouds
from zarrlift.store.address import WEB, is_server
from zarrlift.store.clouds import environment as _environment
from zarrlift.store.patience import FIRST_SECONDS, Purpose, client, retries
from zarrlift.store.writing import s3_settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from zarrlift.store.address import Address, StoreOptions

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
_KEYS_TOO = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",)
_USUAL = ("default", "profile default")
_STATED = (
    *("aws_access_key_id", "credential_process", "role_arn", "web_identity_token_file"),
    *("sso_session", "sso_start_url", "login_session"),
)
"""What a profile gets its keys by."""
_AWS_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LOGIN = re.compile(r"[@?]")  # what goes before a host, or after a path, and may be secret
_REGION_WAIT = 5.0
_MET: set[tuple[str, str, str | None, StoreOptions]] = set()
"""Buckets that have answered this process, and how they were reached."""
_REGIONS: dict[str, str] = {}
"""Regions of buckets, as AWS said them."""
_SECRETS = re.compile(
    r"(?i)((?:x-amz-[\w-]+|awsaccesskeyid|signature|sig|token|credential)=)[^&\s\"']+"
)
_SIGNED = re.compile(
    r"(?is)<(AWSAccessKeyId|SignatureProvided|StringToSign\w*|CanonicalRequest\w*|Token-\d+)>"
    r".*?</\1>"
)
"""What S3 repeats of a request that it refuses."""
_CHANGED = "bytes changed on their way, and nothing was kept: run the same command again"
_TLS = "the server speaks TLS: write --endpoint with https://"
_SCHEME = "check --endpoint, with http:// or https://, and the network; the same command continues"
_HINTS = (
    ("InvalidAccessKeyId", "the access key is not known there: check the keys or --profile"),
    ("SignatureDoesNotMatch", "the secret key does not fit the access key"),
    ("ExpiredToken", "the keys have expired: renew them, then run the same command again"),
    ("RequestTimeTooSkewed", "this machine's clock is wrong: set it, then try again"),
    ("AuthorizationHeaderMalformed", "check --region"),
    ("PermanentRedirect", "the bucket is in another region: check --region and --endpoint"),
    ("redirect without LOCATION", "the bucket is in another region: check --region, --endpoint"),
    ("NoSuchBucket", "there is no such bucket: check its name and --endpoint"),
    ("ContainerNotFound", "there is no such container: check its name, account and --endpoint"),
    ("InvalidContentType", "the server does not speak TLS: write --endpoint with http://"),
    ("to an HTTPS server", _TLS),
    ("to HTTPS port", _TLS),
    ("No CA certificates", "SSL_CERT_FILE names no file of certificates: correct it, or unset it"),
    ("NotValidForName", "the certificate is for another host: write --endpoint with that name"),
    (
        "InvalidCertificate( Expired",
        "the certificate has expired, or this machine's clock is wrong",
    ),
    ("certificate", "the certificate is not trusted: check --endpoint, or set SSL_CERT_FILE"),
    ("BadDigest", _CHANGED),
    ("SHA256Mismatch", _CHANGED),
    ("dns error", "there is no such host: check --endpoint and the network"),
    ("Connection refused", "nothing listens there: check the address, or --endpoint"),
    ("Content-Length", "the server does not say how large files are: copy the dataset to a folder"),
    ("405 Method Not", "the server does not take such requests: copy the dataset to a folder"),
    (
        "non-partial response",
        "no object store answers, or it sends no parts of objects: check --endpoint",
    ),
    ("kind: Interrupted", _SCHEME),
    ("IncompleteMessage", _SCHEME),
    ("kind: Timeout", "check --endpoint and the network; the same command continues"),
    ("invalid list response", "what answers there is no object store: check --endpoint"),
    ("<html", "what answers there is no object store: check --endpoint"),
    ("CredentialRetrievalError", "the profile's program gave no keys: run it by hand"),
    ("SSOToken", "sign on again, as `aws sso login` does, or check --profile"),
    ("ConfigParseError", "mend that file"),
    (
        "object with invalid path",
        "rename it there: no . or .. or control character can be asked for",
    ),
    ("no object can be called", "rename it, or leave it out with --exclude"),
    ("Missing AccessKeyId", "AWS_SECRET_ACCESS_KEY is set alone: set AWS_ACCESS_KEY_ID too"),
    ("Missing SecretAccessKey", "AWS_ACCESS_KEY_ID is set alone: set AWS_SECRET_ACCESS_KEY too"),
)
_REGION = re.compile(r"<Region>([\w-]+)</Region>|expecting '([\w-]+)'")
_PROVIDER = re.compile(r"External AWS credential provider: ([^\n]*)")
_KIND = re.compile(r"\bkind: (\w+)")
_KINDS = {
    "Connect": "no connection was made",
    "Timeout": "the server does not answer",
    "Interrupted": "the connection broke off",
    "Decode": "the connection broke off",
    "Request": "the connection broke off",
}
_STATUS = re.compile(r"non-2xx status code: (\d{3})([\w ]*)")
_REFUSED = ("401", "403")
_LATER = "the same command continues once it is cured"
_KEPT = timedelta(minutes=6)
"""How long keys of a profile are said to last.

The library asks 5 minutes before that, so once a minute; boto3 itself renews keys that expire in
15 minutes or less.
"""


_NO_KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose --profile"
_NO_LOGIN = "no login is sent to addresses of the web: with keys, name it as s3://BUCKET/KEY"


class Lines:
    """The connections to one bucket, each made when it is needed."""

    def __init__(self, address: Address, options: StoreOptions) -> None:
        self._address, self._options = address, options
        self._place = (
            *(address.scheme, address.bucket),
            *(endpoint_of(options, address.scheme), options),
        )
        self._made: dict[Purpose, ObjectStore] = {}
        self.reading()

    def reading(self) -> ObjectStore:
        """Give the connection to ask by; with little patience until the first answer."""
        return self._of(Purpose.READ if self._place in _MET else Purpose.FIRST)

    def met(self) -> None:
        """Remember that the store has answered."""
        _MET.add(self._place)

    @property
    def patience(self) -> float:
        """Return the seconds for which a lost request is sent again."""
        patience = self._options.patience
        return patience if self._place in _MET else min(patience, FIRST_SECONDS)

    def sending(self) -> ObjectStore:
        """Give the connection for objects that take long to send."""
        return self._of(Purpose.SEND)

    def trying(self) -> ObjectStore:
        """Give the connection for what can be done in another way."""
        return self._of(Purpose.TRY)

    def _of(self, purpose: Purpose) -> ObjectStore:
        made = self._made.get(purpose)
        if made is None:
            made = self._made[purpose] = connect(self._address, self._options, purpose)
        return made


def connect(
    address: Address, options: StoreOptions, purpose: Purpose = Purpose.READ
) -> ObjectStore:
    """Open a bucket; nothing is asked of it yet, but for its region where AWS holds it."""
    from obstore import exceptions  # noqa: PLC0415 - slow to load, and not for local folders

    try:
        return _connect(address, options, purpose)
    except exceptions.BaseError as error:
        text = _cleaned(error)
        raise UsageError(
            f"the store cannot be asked: {_short(text)}",
            place=address.url,
            hint=_hint(text)
            or clouds.hint(text)
            or "check the keys in the environment, and --endpoint",
        ) from error


def _connect(address: Address, options: StoreOptions, purpose: Purpose) -> ObjectStore:
    from obstore import store  # noqa: PLC0415 - as above

    if address.scheme == "s3":
        return store.S3Store(address.bucket, **_s3_settings(address, options, purpose))
    settings = _settings(options, purpose)
    if address.scheme in WEB:
        settings["client_options"]["allow_http"] = address.scheme == "http"
        return store.HTTPStore(f"{address.scheme}://{address.bucket}", **settings)
    if not signed(address.scheme, options):
        settings["skip_signature"] = True
    endpoint = endpoint_of(options, address.scheme)
    azure = address.scheme == "az"
    more = (
        clouds.azure_settings(endpoint, address.url) if azure else clouds.google_settings(endpoint)
    )
    settings["client_options"] |= more.pop("client_options", {})
    settings |= more
    if azure:
        return store.AzureStore(container_name=address.bucket, **settings)
    return store.GCSStore(address.bucket, **settings)


def _settings(options: StoreOptions, purpose: Purpose) -> dict[str, Any]:
    return {
        "client_options": client(purpose, options.patience),
        "retry_config": retries(purpose, options.patience),
    }


def connect_copying(source: Address, target: Address, options: StoreOptions) -> ObjectStore:
    """Open a bucket so that a copy within it takes its bytes from another bucket of the server.

    The client puts its bucket's name before the key that is copied, and its endpoint before the
    key that is written; here these are of two buckets.
    """
    from obstore.store import S3Store  # noqa: PLC0415 - as above

    settings = _s3_settings(target, options, Purpose.TRY)
    endpoint = settings.get("endpoint") or f"https://s3.{settings['region']}.amazonaws.com"
    settings["endpoint"] = f"{endpoint}/{target.bucket}"
    settings["virtual_hosted_style_request"] = True
    return S3Store(source.bucket, **settings)


def endpoint_of(options: StoreOptions, scheme: str = "s3") -> str | None:
    """Give the server that is asked; None is the maker's own: AWS, Google, Azure."""
    endpoint = options.endpoint or _environment(*clouds.ENDPOINTS.get(scheme, ()))
    if endpoint and not is_server(endpoint):
        secret = _LOGIN.search(endpoint) is not None
        raise UsageError(
            "the endpoint is no address of a server",
            place=None if secret else endpoint,
            hint="write it as https://HOST or http://HOST:PORT" + ", without a login" * secret,
        )
    return endpoint


def region_of(address: Address, options: StoreOptions) -> str:
    """Give the region of a bucket, which AWS is asked for where nothing says it."""
    region = options.region or _environment("AWS_REGION", "AWS_DEFAULT_REGION")
    if region is None and endpoint_of(options) is None:
        region = _region_of(address.bucket)
    return region or "us-east-1"


def _s3_settings(address: Address, options: StoreOptions, purpose: Purpose) -> dict[str, Any]:
    endpoint = endpoint_of(options)
    settings = _settings(options, purpose)
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


def authorities() -> str | None:
    """Give the file of authorities that other libraries are to trust, None for their own."""
    return _environment("AWS_CA_BUNDLE", "SSL_CERT_FILE")


def _has_keys() -> bool:
    """Say whether the environment or a file holds keys; no metadata address is waited for."""
    if _environment(*_KEYS, *_KEYS_TOO, "AWS_PROFILE"):
        return True
    read = ConfigParser(strict=False, interpolation=None)
    try:
        read.read(_profile_files(), encoding="utf-8")
    except (ConfigParserError, UnicodeError):
        return True  # boto3 says what is wrong with it
    return any(read.has_option(name, key) for name in _USUAL for key in _STATED)


def _profile_files() -> list[str]:
    """Give the paths of `~/.aws/config` and `~/.aws/credentials`, which may be elsewhere."""
    return [
        os.environ.get(variable) or os.path.expanduser(f"~/.aws/{file}")
        for variable, file in (
            ("AWS_CONFIG_FILE", "config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        )
    ]


def signed(scheme: str, options: StoreOptions) -> bool:
    """Say whether requests are signed."""
    if options.anon or scheme in WEB:
        return False
    if scheme in ("az", "gs"):
        return clouds.signed(scheme)
    return bool(options.profile or _has_keys())


def _profile(name: str | None) -> Any:  # noqa: ANN401 - obstore's own kind of provider
    """Give what hands out a profile's keys; the same one until the files of `~/.aws` change.

    So a program that makes keys runs once for a job, not once for each of its connections.
    """
    files = _profile_files()
    changed = [os.stat(file).st_mtime_ns if os.path.isfile(file) else 0 for file in files]
    return _provider(name or os.environ.get("AWS_PROFILE"), *files, *changed)


@lru_cache(maxsize=8)
def _provider(name: str | None, *_: object) -> Any:  # noqa: ANN401 - as above
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
        return Boto3CredentialProvider(boto3.Session(profile_name=name), ttl=_KEPT)
    except (BotoCoreError, ValueError) as error:
        step = _hint(type(error).__name__) or "check --profile"
        raise UsageError(f"no keys from ~/.aws: {error}", hint=step) from error


def _region_of(bucket: str) -> str | None:
    """Ask AWS in which region a bucket lies; it says so even where it refuses all else."""
    if bucket in _REGIONS:
        return _REGIONS[bucket]
    if not _AWS_NAME.fullmatch(bucket):
        return None
    # No certificate holds for a host of several names before the server's.
    place = f"s3.amazonaws.com/{bucket}" if "." in bucket else f"{bucket}.s3.amazonaws.com"
    request = urllib.request.Request(f"https://{place}", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_REGION_WAIT) as answer:  # noqa: S310
            headers = answer.headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    except (OSError, ValueError):
        return None
    region: str | None = headers.get("x-amz-bucket-region")
    if region:
        _REGIONS[bucket] = region
    return region


def from_store_error(
    error: Exception, *, doing: str, place: str, options: StoreOptions, scheme: str = ""
) -> StorageError:
    """Put into words what an object store answered while `doing` something at `place`.

    `scheme` is that of the store, where users call the place by another name.
    """
    from obstore import exceptions  # noqa: PLC0415 - slow to load

    text = _cleaned(error)
    scheme = scheme or place.partition(":")[0]
    keys = signed(scheme, options)
    hint = _hint(text) or (clouds.hint(text) if keys else None)
    if found := _PROVIDER.search(text):
        why = f"{doing} failed: the profile gave no keys ({found[1][:200]})"
        return StorageError(why, place=place, hint=hint or "check --profile")
    refused = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
    status = _STATUS.search(text)
    hidden = scheme == "az" and not keys and clouds.is_hidden(text)
    if hidden or isinstance(error, refused) or (status and status[1] in _REFUSED):
        how = f"{options.side}, ".lstrip(", ") + f"asked with{'' if keys else 'out'} keys"
        step = "check the keys, and what they allow" if keys else _no_keys(scheme)
        return AccessError(f"{doing} was refused ({how})", place=place, hint=hint or step)
    return StorageError(f"{doing} failed: {_short(text)}", place=place, hint=hint or _LATER)


def _hint(text: str) -> str | None:
    """Give the next step for what a store answered, where it is known."""
    if "AuthorizationHeaderMalformed" in text and (found := _REGION.search(text)):
        return f"the bucket is in another region: --region {found[1] or found[2]}"
    flat = " ".join(text.lower().split())
    return next((hint for sign, hint in _HINTS if sign.lower() in flat), None)


def _no_keys(scheme: str) -> str:
    return _NO_LOGIN if scheme in WEB else clouds.KEYS_GO_WHERE.get(scheme, _NO_KEYS)


def lost(error: Exception) -> bool:
    """Say whether a request or its answer was lost on the way, and may be sent again."""
    found = _KIND.search(str(error))
    return found is not None and found[1] in _KINDS and found[1] != "Connect"


def _cleaned(error: Exception) -> str:
    """Give the text of an error, which holds no keys from now on: a traceback may show it too."""
    text = clean(str(error))
    error.args = (text,)
    return text


def clean(text: str) -> str:
    """Take keys, signatures and tokens out of a text."""
    return _SIGNED.sub(r"<\1>…</\1>", _SECRETS.sub(r"\1…", text))


def _short(text: str) -> str:
    """Give the part of an answer that says why, without the library's own dump of it."""
    first = text.partition("\nDebug source:")[0].strip()
    found = re.search(r"<Code>(\w+)</Code>(?:.*?<Message>([^<\n]*))?", first, re.DOTALL)
    if found:
        return ": ".join(part for part in found.groups() if part)
    if found := _KIND.search(text):
        return _KINDS.get(found[1], first)
    if found := _STATUS.search(first):
        return f"the server answered {found[1]}{found[2]}".rstrip()
    if "redirect without LOCATION" in first:
        return "the server sends elsewhere"
    return first.replace("\n", " ")[-300:]
