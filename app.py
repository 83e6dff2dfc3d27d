"""Start the app: ``python app.py --port 7860 --host 127.0.0.1``; a hosted demo starts it too.

Gradio's environment variables GRADIO_SERVER_PORT and GRADIO_SERVER_NAME give other defaults.
"""

import argparse
import os

from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.page import build_page

demo = build_page(load_segmentor("default"))

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Segment images by clicking, in the browser.")
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
    )
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    arguments = parser.parse_args()
    demo.launch(server_name=arguments.host, server_port=arguments.port)
