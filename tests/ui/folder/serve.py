"""Serve a folder with a model that knows every pixel by its colour: PORT, FOLDER."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from conftest import FakeSegmentor

from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.page import build_page


def serve(port, folder):
    page = build_page(FakeSegmentor(), project=FolderProject(folder))
    page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True)
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    page.block_thread()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
