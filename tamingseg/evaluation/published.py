"""Figures that others have published, to be read beside measured ones and never mixed with them.

They were measured by other people, with other code, on what they call the same data. Who published
a figure, and whether code and weights came with it, stands in each line. The settings are those
that the source states; one that it does not state is unknown, not the default.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tamingseg.evaluation.figure import Figure

_UNITS = {"VI": "bits", "NoC": "clicks", "NoF": "masks"}
"""By how the name of a figure begins; all others are percent."""


@dataclass(frozen=True, slots=True)
class Published:
    """What someone has published about one method on one data set.

    Attributes
    ----------
    protocol_name, dataset
        As in a record: the protocol and the name of the data set.
    method
        ``model``, as the source calls it, and what the source says of the protocol.
    who
        Where the figures were published.
    values
        Name -> value, named as by `tamingseg.evaluation.protocols` where that is the same quantity;
        shares in percent, VI in bits.
    marks
        What one must know before comparing.
    """

    protocol_name: str
    dataset: str
    method: dict[str, Any]
    who: str
    values: dict[str, float]
    marks: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """One text that tells the line from a measured one."""
        return ", ".join((f"published: {self.who}", *self.marks))

    @property
    def counts(self) -> dict[str, int]:
        """How many images the data set is said to have, if that is known."""
        images = {"DAVIS": 345, "HQSeg44K-val": 1537, "BSDS500-test": 200}.get(self.dataset)
        return {} if images is None else {"images": images}

    @property
    def figures(self) -> dict[str, Figure]:
        """The values with their units; nothing is known of single images."""
        return {
            name: Figure(value, _UNITS.get(name.split()[0][:3], "%"))
            for name, value in self.values.items()
        }


def _block(
    protocol: str,
    who: str,
    columns: Sequence[tuple[str, str]],
    *rows: tuple[Any, ...],
    marks: tuple[str, ...] = (),
    **settings: Any,
) -> Iterator[Published]:
    """Read a table: each row is a model and one value, or None, per (data set, figure) column."""
    for model, *cells in rows:
        for dataset in dict.fromkeys(dataset for dataset, _ in columns):
            values = {
                name: value
                for (its_dataset, name), value in zip(columns, cells, strict=True)
                if its_dataset == dataset and value is not None
            }
            if values:
                caveats = (*marks, *_CAVEATS.get((who, dataset), ()))
                yield Published(
                    protocol, dataset, {"model": model, **settings}, who, values, caveats
                )


_NOTE = "the research note"
_OFFICIAL = ("official weights",)
_NO_CODE = ("no code, no weights",)
_UNVERIFIED = ("unverified",)
"""Known from a second place only: look the figure up before relying on it."""

_CAVEATS = {(_NOTE, "HyperSim"): ("input not tone-mapped", "unlabelled pixels scored as an object")}
"""Marks of all that someone has published about a data set."""

_FIRST_CLICK = [(dataset, "mIoU@1") for dataset in ("DAVIS", "HQSeg44K-val", "HyperSim")]
_README = [
    (dataset, figure)
    for dataset in ("HQSeg44K-val", "DAVIS")
    for figure in ("mIoU@5", "NoC90", "NoC95", "NoF95")
]
_NOTEBOOK = [
    (data, figure) for figure in ("mIoU@1", "mIoU@5") for data in ("DAVIS", "HQSeg44K-val")
]
_RECALL = [("LVIS", f"COCO AR@{number}") for number in (1000, 100, 10)]
_REGIONS = [("BSDS500-test", f"covering {which}") for which in ("ODS", "OIS", "Best")]
_REGIONS += [
    ("BSDS500-test", f"{name} {which}") for name in ("PRI", "VI") for which in ("ODS", "OIS")
]

_CENTER: dict[str, Any] = {"clicker": "center", "clicks": 1}
_CENTER_49: dict[str, Any] = {"clicker": "center", "clicks": 1, "threshold": 0.49, "min_area": 256}
_RANDOM_49: dict[str, Any] = {"clicker": "random", "clicks": 1, "threshold": 0.49, "min_area": 256}
_RANDOM: dict[str, Any] = {"clicker": "random", "clicks": 1, "threshold": 0.5, "min_area": 256}

PUBLISHED: tuple[Published, ...] = (
    *_block(
        *("clicks", _NOTE, _FIRST_CLICK),
        ("Order-Aware IIS @1024", 87.29, 89.40, None),
        ("Order-Aware IIS @2048", 88.05, 89.57, None),
        marks=_NO_CODE,
        **_CENTER,
    ),
    *_block(
        *("clicks", _NOTE, _FIRST_CLICK),
        ("SegNext COCO+LVIS, fine-tuned on HQSeg44K", 85.97, 81.79, None),
        ("SegNext COCO+LVIS, epoch 90", 71.96, 64.74, None),
        marks=_OFFICIAL,
        **_CENTER_49,
    ),
    *_block(
        *("clicks", _NOTE, _FIRST_CLICK),
        ("SegNext COCO+LVIS, epoch 90", 67.75, 59.68, None),
        marks=_OFFICIAL,
        **_RANDOM_49,
    ),
    *_block(
        *("clicks", _NOTE, _FIRST_CLICK),
        ("SegNext COCO+LVIS, epoch 90", 67.46, 59.21, 32.01),
        ("SAM 2.1 b+", 53.15, 47.05, 42.36),
        marks=_OFFICIAL,
        **_RANDOM,
    ),
    *_block(
        *("clicks", _NOTE, _FIRST_CLICK),
        ("SegNext 512, many clicks, epoch 90", 68.76, 58.68, 26.12),
        ("SegNext 512, one click, epoch 90", 70.26, 60.17, 24.59),
        ("SegNext 512, one click, epoch 99", 70.57, 60.85, 24.62),
        ("one click, lighter augmentation, epoch 99", 70.36, 61.70, 25.10),
        ("posneg, epoch 10", 65.63, 53.28, 19.03),
        ("posneg, epoch 20", 67.30, 55.37, 21.40),
        ("posneg, epoch 70", 68.78, 59.75, 24.40),
        ("posneg, epoch 130", 69.30, 59.99, 24.36),
        ("posneg + Lovasz, epoch 10", 63.24, 47.84, 8.54),
        ("posneg + Lovasz, epoch 20", 65.87, 52.75, 16.66),
        ("posneg + Lovasz, epoch 70", 70.29, 62.31, 20.71),
        ("posneg + Lovasz, epoch 100", 70.52, 62.31, 20.71),
        ("posneg + Lovasz, epoch 160", 70.65, 60.58, 22.11),
        **_RANDOM,
    ),
    *_block(  # one object per image; the notebook's FocalClick is a copy of SegNext's numbers
        *("clicks", "SegNext's notebook", _NOTEBOOK),
        ("RITM", 72.5, 36.0, 89.8, 77.8),
        ("SAM-B", 48.7, 45.1, 90.9, 86.3),
        ("MobileSAM", 61.7, 53.3, 89.2, 82.0),
        ("HQ-SAM-B", 45.8, 42.4, 91.8, 90.0),
        ("SimpleClick-B", 72.9, 65.5, 90.8, 85.2),
        ("SegNext COCO+LVIS, fine-tuned on HQSeg44K", 86.0, 81.8, 91.9, 91.8),
        clicker="center",
    ),
    *_block(
        *("clicks", "SegNext's README", _README),
        ("SegNext sax1", 85.41, 7.47, 11.94, 731, 90.13, 5.46, 13.31, 177),
        ("SegNext sax2", 85.71, 7.18, 11.52, 700, 89.85, 5.34, 12.80, 163),
        ("SegNext sax2, HQSeg44K", 91.75, 5.32, 9.42, 583, 91.87, 4.43, 10.73, 123),
        marks=_OFFICIAL,
        clicker="center",
        clicks=20,
        threshold=0.49,
        count_last_click=True,
    ),
    *_block(
        *("clicks", "papers of the SAM family"),
        [("SA-23", "mIoU@1 per mask"), ("SA-23", "mIoU@5 per mask")],
        ("SAM-B", 55.9, 80.9),
        ("SAM-H", 58.1, 81.3),
        ("HQ-SAM-B", 53.9, 72.1),
        ("HQ-SAM-H", 59.1, 79.8),
        ("SAM 2 b+, SA-1B only", 58.9, 81.7),
        ("SAM 2 b+", 61.4, 83.7),
        ("SAM 2.1 b+", 61.9, 83.5),
        ("EdgeTAM", 55.5, None),
        ("EfficientTAM-S", 60.7, None),
        clicker="center",
    ),
    *_block(
        *("proposals", "SAM's paper", _RECALL),
        ("ViTDet-H", 63.0, None, None),
        ("SAM", 59.3, None, None),
        ("SAM, one mask per point", 54.9, None, None),
    ),
    *_block(
        *("proposals", "MobileSAMv2's paper", _RECALL),
        ("SAM, 64x64 points, 3 masks each", 59.2, 44.8, 12.6),
        ("SAM, 32x32 points, 3 masks each", 57.2, None, None),
        ("SAM, 16x16 points, 3 masks each", 40.0, None, None),
        ("SAM, 64x64 points, one mask each", 54.3, None, None),
        ("SAM, 32x32 points, one mask each", 49.8, None, None),
        ("SAM, 16x16 points, one mask each", 34.6, None, None),
        ("MobileSAMv2, 320 boxes", 59.3, 50.6, 17.6),
        ("FastSAM", 49.6, None, None),
    ),
    *_block(
        *("regions", "BSDS500's own result files", _REGIONS),
        ("gPb-owt-ucm", 58.84, 64.68, 74.41, 82.73, 85.55, 1.690, 1.475),
    ),
    *_block(
        *("regions", "tables on BSDS500", _REGIONS),
        ("Human", 72, 72, None, 88, 88, 1.17, 1.17),
        ("MCG", 61, 66, None, 83, 86, 1.57, 1.39),
        ("Mean Shift", 54, 58, 66, 79, 81, 1.85, 1.64),
        ("Felzenszwalb-Huttenlocher", 52, 57, 69, 80, 82, 2.21, 1.87),
        ("Canny-owt-ucm", 49, 55, 66, 79, 83, 2.19, 1.89),
        ("Normalised cuts", 45, 53, 67, 78, 80, 2.23, 1.89),
        ("Quad-tree", 32, 37, 46, 73, 74, 2.46, 2.32),
        marks=_UNVERIFIED,
    ),
)
"""In the order in which they are listed."""
