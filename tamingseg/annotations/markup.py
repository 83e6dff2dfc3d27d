"""XML of strangers: parsed without entities, which can grow without bound or read files."""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping

Element = ElementTree.Element


def parse_xml(text: str) -> Element:
    """Return the root of an XML document.

    Raises
    ------
    ValueError
        If it is not well-formed, or declares entities.

    Examples
    --------
    >>> parse_xml("<a b='1'/>").get("b")
    '1'
    """
    if "<!ENTITY" in text:
        raise ValueError("it declares entities, which are not read")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"it is no XML ({error})") from error


def xml_bytes(root: Element) -> bytes:
    """Return an XML document with one element per line."""
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def add(parent: Element, tag: str, attributes: Mapping[str, object], text: str = "") -> Element:
    """Add an element to another and return it."""
    child = ElementTree.SubElement(parent, tag, {k: str(v) for k, v in attributes.items()})
    child.text = text or None
    return child


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """Return an attribute; raises ValueError if it is missing."""
    value = element.get(name)
    if value is None:
        raise ValueError(f"it has no {name}")
    return value


def whole(element: Element, name: str) -> int:
    """Return an attribute that is a whole number of reasonable size."""
    value = attribute(element, name)
    try:
        number = float(value.removesuffix("px"))
    except ValueError:
        number = float("nan")
    if not (abs(number) < 2**31 and number == int(number)):
        raise ValueError(f"{name} must be a whole number, got {value!r:.50}")
    return int(number)


def numbers(text: str) -> Iterator[float]:
    """Yield the finite numbers of a list that commas, semicolons or spaces separate."""
    for value in text.replace(",", " ").replace(";", " ").split():
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"expected numbers, got {value!r:.50}")
        yield number
