"""Who asks: the address that a request came from.

Behind a reverse proxy on the same machine it is the address that the proxy names in the header
X-Forwarded-For. A proxy elsewhere is believed if the variable FORWARDED_ALLOW_IPS has its address;
otherwise all its users are one client.
"""

from contextvars import ContextVar

client: ContextVar[str] = ContextVar("client", default="")
"""The client whose request is being answered."""
