"""Start the app and open its page: ``python app.py``, with the flags of ``tamingseg app``.

A hosted demo is started by this file too.
"""

import sys

from tamingseg.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["app", *sys.argv[1:]]))
