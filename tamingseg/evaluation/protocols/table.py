"""All protocols. A sixth one is a file of its own and a line here."""

from tamingseg.evaluation.protocols import clicks, levels, mosaics, proposals, regions
from tamingseg.evaluation.protocols.base import Protocol

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        clicks.PROTOCOL,
        levels.PROTOCOL,
        proposals.PROTOCOL,
        regions.PROTOCOL,
        mosaics.PROTOCOL,
    )
}
"""Name -> protocol, in the order of reports."""
