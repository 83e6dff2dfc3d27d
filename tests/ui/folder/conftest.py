"""Folders of small photos, and pages that work on them."""

import contextlib

import numpy as np
import pytest
from PIL import Image

from tamingseg.ui.folder.project import FolderProject


@pytest.fixture
def photos(tmp_path, two_discs):
    """A folder with three photos of the two discs, one of them in a subfolder."""
    folder = tmp_path / "photos"
    (folder / "day2").mkdir(parents=True)
    for name in ("b.png", "a.jpg", "day2/c.png"):
        Image.fromarray(np.asarray(two_discs.image)).save(folder / name)
    (folder / "notes.txt").write_text("no photo")
    return folder


@pytest.fixture
def folder(request, tmp_path, discs_image):
    """A folder with the photos that the module lists in `NAMES`, all of the discs."""
    place = tmp_path / "photos"
    for name in request.module.NAMES:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(discs_image).save(place / name)
    return place


@pytest.fixture
def folder_app(folder, pixel_segmentor, serve):
    """A page that works on the folder."""
    from tamingseg.ui.page import build_page

    project = FolderProject(folder)
    page = build_page(pixel_segmentor(), project=project)
    page.address = serve(page)
    page.kept = lambda: {photo.name: photo for photo in project.project.photos}
    yield page
    page.close(verbose=False)
    project.close()


@pytest.fixture
def annotator(chromium, folder_app, user_class):
    """Makes annotators, each in a browser of their own."""
    with contextlib.ExitStack() as stack:
        users = []

        def arrive(**options):
            viewport = {"width": 1280, "height": 800}
            context = chromium.new_context(**{"viewport": viewport} | options)
            stack.callback(context.close)
            context.set_default_timeout(60_000)
            users.append(user_class(context.new_page()))
            return users[-1].visit(folder_app.address)

        yield arrive
        for user in users:
            assert user.errors == []
            assert user.foreign == []
