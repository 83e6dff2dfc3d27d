"""What was assumed about people's files: said on stderr, each kind of note once."""

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class _OncePerKind(logging.Handler):
    """Prints the first note of each kind (of each message before its values are filled in)."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR and logging.lastResort is not None:
            logging.lastResort.handle(record)  # an error is no note: all of it, every time
            return
        self.counts[str(record.msg)] += 1
        if self.counts[str(record.msg)] == 1:
            from tqdm import tqdm  # a progress bar may be in the way

            tqdm.write(f"tamingseg: note: {record.getMessage()}", file=sys.stderr)


@contextmanager
def notes_said_once() -> Iterator[None]:
    """Print what the package logs; in the end say how many more notes of each kind there were."""
    logger, handler = logging.getLogger("tamingseg"), _OncePerKind()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        for kind, count in handler.counts.items():
            if count > 1:
                kind = kind.replace("%s", "...").replace("%g", "...")
                print(f"tamingseg: note: {count - 1} more: {kind}", file=sys.stderr)
