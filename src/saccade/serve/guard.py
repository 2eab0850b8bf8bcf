"""Who may ask: whoever has a key; on this machine alone, whoever is no other page's script."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.types import Scope

from saccade.core.errors import BadUsage
from saccade.core.hosts import host_name, is_ours
from saccade.serve.body import headers_of
from saccade.serve.refusal import Refusal

# Whoever looks after a server asks these, and has no key.
HEALTH = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
# The page's files, the same for everybody: a browser has no key before the page asks for one.
PAGE = frozenset({"/", "/page.js", "/page.css", "/icon.svg"})
# What decides who may ask; where it comes twice, a proxy may have looked at the other one.
ONCE = (b"host", b"origin", b"authorization", b"x-api-key")


@dataclass(frozen=True)
class Guard:
    """`keys` are the sha256, in hex, of keys that open it; none are needed where there are none,
    nor for `health`, paths.

    With `local`, the server listens to this machine alone, and a request must call it by one of
    its own names (or of `names`) and come from no other page: a page elsewhere can make a browser
    here ask, and may have turned its own name to this machine.
    """

    keys: tuple[str, ...] = ()
    local: bool = True
    names: frozenset[str] = frozenset()
    health: frozenset[str] = HEALTH

    def check(self, scope: Scope) -> str:
        """Lets a request in; gives who asks, the sum of a key or an address.

        Raises:
            Refusal: 401 without a key, 403 for another page's request, 400 for two minds.
        """
        named = [name for name, _ in scope["headers"]]
        if any(named.count(name) > 1 for name in ONCE):
            raise Refusal(400, "twice", "a header that says who asks comes twice", close=True)
        headers = headers_of(scope)
        if self.local:
            self._check_host(scope, headers)
        origin = headers.get("origin")
        if origin is not None and not _is_same(origin, headers.get("host", "")):
            raise Refusal(403, "other_page", "this request comes from another page", close=True)
        free = scope["path"] in self.health or scope["path"] in PAGE
        if not self.keys or free:
            return str((scope.get("client") or ("",))[0])
        key = _sum_of_key(headers)
        # All of them, whichever fits: the time it takes tells nothing.
        if not any([hmac.compare_digest(key, known) for known in self.keys]):
            raise Refusal(
                401,
                "no_key",
                "a key is needed: Authorization: Bearer KEY",
                {"www-authenticate": "Bearer"},
            )
        return key

    def _check_host(self, scope: Scope, headers: Mapping[str, str]) -> None:
        name = host_name(headers.get("host", ""))
        own = (scope.get("server") or ("", None))[0]
        if not (name == "localhost" or name in self.names or is_ours(name, own)):
            why = "this server is not called so; `saccade serve --allow-host NAME` lets it"
            raise Refusal(403, "wrong_host", why, close=True)


def _sum_of_key(headers: Mapping[str, str]) -> str:
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        key = headers.get("x-api-key", "")
    return hashlib.sha256(key.strip().encode("latin-1", "replace")).hexdigest()


def _is_same(origin: str, host: str) -> bool:
    """Whether a page came from here; one without a name did not."""
    return bool(host) and origin.partition("://")[2].lower() == host.lower()


def read_keys(path: Path) -> tuple[str, ...]:
    """The sums of a file as `sha256sum` writes it, a line a key: HEX and whatever follows.

    Raises:
        BadUsage: it can't be read, or a line is something else.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "keys"
    >>> _ = file.write_text(hashlib.sha256(b"open sesame").hexdigest() + "  -\\n")
    >>> len(read_keys(file))
    1
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"{path} can't be read: {error}") from None
    keys = tuple(line.split()[0].lower() for line in lines if line.strip())
    for number, key in enumerate(keys, 1):
        if len(key) != 64 or set(key) - set("0123456789abcdef"):
            raise BadUsage(
                f"{path}: key {number} is no sha256 in hex. A key of your own goes there with "
                f"`printf %s KEY | sha256sum >> {path.name}`"
            )
    if not keys:
        raise BadUsage(f"{path} has no key")
    return keys


def is_local(host: str) -> bool:
    """Whether only this machine can reach what listens there.

    >>> [is_local(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_exposure(host: str, keys: Iterable[str], public: bool) -> None:
    """Nobody opens a server to a network without saying who may ask.

    Raises:
        BadUsage: it would be open.
    """
    if not is_local(host) and not public and not tuple(keys):
        raise BadUsage(
            f"--host {host} lets others than this machine ask. Say who: --api-keys FILE for those "
            "who have a key, or --public for anybody"
        )
