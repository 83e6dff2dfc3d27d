"""Several clicks, one mask: add, take away, undo; then the next object."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import Session, draw_clicks, load_sample_image, load_segmentor, overlay

OUT = Path(__file__).parent / "out"


def main() -> list[np.ndarray]:
    """Segment the helmet, then the astronaut; write the steps and return the two masks."""
    image = load_sample_image("astronaut")
    session = Session(load_segmentor(), image)
    OUT.mkdir(exist_ok=True)

    def show(name: str) -> None:
        current = session.state.current
        picture = draw_clicks(overlay(image, session.mask), current.clicks if current else ())
        Image.fromarray(picture).save(OUT / f"02_{name}.png")

    session.add_click(row=405, col=460)
    show("1_first_click")
    session.add_click(row=300, col=150, positive=False)  # not the suit
    show("2_negative_click")
    session.undo()
    session.redo()  # known states come back without asking the model again
    session.keep()

    session.add_click(row=300, col=150)
    show("3_next_object")
    session.keep()

    masks = [session.mask_of(item.id) for item in session.state.objects]
    for item, mask in zip(session.state.objects, masks, strict=True):
        print(f"{item.name}: {len(item.clicks)} clicks, {mask.mean():.0%} of the photo")
    return masks


if __name__ == "__main__":
    main()
