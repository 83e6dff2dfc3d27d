"""Serve a folder with a model that knows every pixel by its colour: PORT, FOLDER."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from conftest import FakeSegmentor

from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.page import build_page

project = FolderProject(Path(sys.argv[2]))
page = build_page(FakeSegmentor(), project=project)
page.launch(
    server_name="127.0.0.1", server_port=int(sys.argv[1]), prevent_thread_lock=True, quiet=True
)
sys.stdout.write("serving\n")
sys.stdout.flush()
page.block_thread()
