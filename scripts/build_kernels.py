"""Compile the decoder's loops for the browser: kernels.c to kernels.wasm, in tamingseg/ui/decoder.

    pip install ziglang
    python scripts/build_kernels.py

The package (last 0.17.1) brings a C compiler (clang) that knows WebAssembly. The result ends with a
section that holds a digest of the source, so that a test sees when the two do not belong together.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "tamingseg" / "ui" / "decoder"
SOURCE, RESULT = FOLDER / "kernels.c", FOLDER / "kernels.wasm"

FLAGS = (
    "-target wasm32-freestanding -mcpu=generic+simd128 -O3 -ffast-math -nostdlib "
    "-Wl,--no-entry -Wl,--import-memory -Wl,--strip-all"
)


def source_section(source: bytes) -> bytes:
    """Return a custom section of WebAssembly named "source", with a digest."""
    name, digest = b"source", hashlib.blake2b(source, digest_size=16).digest()
    content = bytes([len(name)]) + name + digest
    return bytes([0, len(content)]) + content


def main() -> None:
    """Compile, and add the section."""
    source = SOURCE.read_bytes()
    exports = re.findall(rb"^void (\w+)\(", source, re.MULTILINE)
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS.split(), "-o", RESULT, SOURCE]
    command += [f"-Wl,--export={name.decode()}" for name in exports]
    subprocess.run(command, check=True)
    RESULT.write_bytes(RESULT.read_bytes() + source_section(source))
    RESULT.chmod(0o644)


if __name__ == "__main__":
    main()
