"""How Google's and Azure's stores are reached: their server, account and keys, by the environment.

Names of variables are those that obstore and the makers' own programs know.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zarrlift.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINTS: Mapping[str, tuple[str, ...]] = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
}
"""Variables that name the server, by scheme; the first that is set counts."""
KEYS_GO_WHERE: Mapping[str, str] = {
    "az": "set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS",
}
_GOOGLE = (
    *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"),
    *("GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_BEARER_TOKEN"),
)
_GOOGLE_FILE = "~/.config/gcloud/application_default_credentials.json"
_ACCOUNT = ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT")
_KEY = "AZURE_STORAGE_KEY"
"""What Microsoft's `az` reads, and obstore does not."""
_EMULATOR = "AZURE_STORAGE_USE_EMULATOR"
_EMULATED = ("devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1")
"""The account of Microsoft's emulator, and where it listens."""
_AZURE = (
    *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY", _KEY),
    *("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_TOKEN"),
    *("AZURE_CLIENT_SECRET", "AZURE_STORAGE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"),
    *("AZURE_USE_AZURE_CLI", _EMULATOR),
)
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|ContainerBeingDeleted|ResourceNotFound")
_HIDDEN = re.compile(r"ResourceNotFound|PublicAccessNotPermitted|NoAuthenticationInformation")
"""What Azure says where nobody may read without keys."""
_FITS = "check AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY and --endpoint"
_HINTS = (
    ("not valid in the specified time frame", "the SAS token is not valid now: renew it"),
    ("AuthenticationFailed", f"the key or token does not fit the account: {_FITS}"),
    ("AuthorizationFailure", f"the account refuses: {_FITS}, and what its firewall lets in"),
    ("AuthorizationPermissionMismatch", "the token or role does not allow it: check its rights"),
    ("x-ms-access-tier", "check --storage-class: Hot, Cool or Cold"),
    ("InvalidAccessKey", "the account's key is no base64: check AZURE_STORAGE_ACCOUNT_KEY"),
)


def environment(*names: str) -> str | None:
    """Give the first of some variables that is set and not empty."""
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def signed(scheme: str) -> bool:
    """Say whether there are keys for Google's store or Azure's."""
    if scheme == "gs":
        return bool(environment(*_GOOGLE)) or os.path.isfile(os.path.expanduser(_GOOGLE_FILE))
    return bool(environment(*_AZURE))


def names_no_bucket(error: Exception) -> bool:
    """Say whether "not found" is said of a bucket or container, not of an object in it."""
    return bool(_NO_BUCKET.search(str(error)))


def is_hidden(text: str) -> bool:
    """Say whether Azure's answer to a request without keys means that it wants them."""
    return bool(_HIDDEN.search(text))


def hint(text: str) -> str | None:
    """Give the next step for what Azure answered to a request with keys, where it is known."""
    return next((step for sign, step in _HINTS if sign in text), None)


def azure_settings(endpoint: str | None, place: str) -> dict[str, Any]:
    """Give what a client of Azure is told; raise `UsageError` where nothing names the account."""
    if endpoint is None and environment(_EMULATOR):
        return {"client_options": {"allow_http": True}}
    account = azure_account(endpoint)
    if account is None:
        raise UsageError(
            "no storage account is named",
            place=place,
            hint="set AZURE_STORAGE_ACCOUNT_NAME, or name the account's server: "
            "--endpoint https://ACCOUNT.blob.core.windows.net",
        )
    made: dict[str, Any] = {"account_name": account}
    if endpoint is not None:
        made["endpoint"] = endpoint.rstrip("/")
        made["client_options"] = {"allow_http": endpoint.startswith("http://")}
    if key := environment(_KEY):
        made["account_key"] = key
    return made


def azure_account(endpoint: str | None) -> str | None:
    """Give the account that a server's address is of, else the one that the environment names.

    Azure has a host for each account; emulators have the account in the path.
    """
    parts = urlsplit(endpoint or "")
    inside = parts.path.strip("/")
    if inside:
        return inside.partition("/")[0]
    if ".blob." in (parts.hostname or ""):
        return (parts.hostname or "").partition(".")[0]
    return environment(*_ACCOUNT)


def azure_server(endpoint: str | None) -> str:
    """Give the address of the account, which tells its containers from those of others."""
    if endpoint is not None:
        return endpoint.rstrip("/")
    if environment(_EMULATOR):
        return _EMULATED[1]
    return f"https://{azure_account(None)}.blob.core.windows.net"


def google_settings(endpoint: str | None) -> dict[str, Any]:
    """Give what a client of Google's store is told."""
    if endpoint is None:
        return {}
    http = endpoint.startswith("http://")
    return {"base_url": endpoint.rstrip("/"), "client_options": {"allow_http": http}}
