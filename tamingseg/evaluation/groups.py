"""Records -> groups: those of one protocol, data set and method, which figures are made of.

An image without objects contributes to no figure and is counted beside them.
"""

from collections.abc import Iterable

from tamingseg.evaluation.protocols.base import Group
from tamingseg.evaluation.protocols.table import PROTOCOLS
from tamingseg.evaluation.records import Record


def group_records(records: Iterable[Record]) -> list[Group]:
    """Sort records into groups, in order of their appearance.

    Raises
    ------
    ValueError
        If a record is of a protocol that is not known.
    """
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        if record.protocol not in PROTOCOLS:
            raise ValueError(
                f"the record of {record.dataset}, image {record.image} has the protocol "
                f"{record.protocol!r}; expected one of {', '.join(PROTOCOLS)}"
            )
        groups.setdefault((record.protocol, record.dataset, record.method_key), []).append(record)
    return [
        Group(
            PROTOCOLS[protocol],
            dataset,
            found[0].method,
            sorted((record for record in found if record.results), key=lambda r: r.image),
            [record.image for record in found if not record.results],
        )
        for (protocol, dataset, _), found in groups.items()
    ]
