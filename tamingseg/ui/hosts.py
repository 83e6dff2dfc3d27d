"""The names under which a page on a folder of this machine may be opened.

Such a page shows the server's photos to whoever reaches it. Another site can point a name of its
own at this machine ("DNS rebinding"); to the browser, its scripts and our page are then one site.
So a name counts only if this machine, or who started the page, gave it.
"""

import ipaddress
import os
import socket
from collections.abc import Collection
from urllib.parse import urlsplit


def own_names() -> frozenset[str]:
    """Return localhost, the names of this machine, and the one in GRADIO_ROOT_PATH."""
    name = socket.gethostname().lower()
    public = urlsplit(os.environ.get("GRADIO_ROOT_PATH", "")).hostname
    names = {"localhost", name, f"{name}.local", socket.getfqdn().lower()}
    return frozenset(names | {public} if public else names)


def is_own(host: str, names: Collection[str]) -> bool:
    """Whether a request's `Host` is an address, or one of the names; its port may be any.

    >>> names = {"localhost"}
    >>> [is_own(host, names) for host in ("localhost:7860", "192.168.1.7", "other.example")]
    [True, True, False]
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
