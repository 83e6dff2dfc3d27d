"""What a run writes, and how it goes on after it was stopped.

    <run>/
        config.json        the configuration, readable
        metrics.jsonl      one line per logged step
        state.pt           everything needed to go on; replaced in one move
        model.safetensors  averaged weights at the last checkpoint; what one uses

A run that is killed loses the steps since its last checkpoint and nothing else: on resume, lines of
the log beyond the checkpoint are dropped, so that no step is logged twice.
"""

import io
import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch

from tamingseg.files import UNFINISHED, append_whole, write_whole

_MAY_CHANGE = {
    *("output", "data", "textures", "steps", "decay_share", "workers", "checkpoint_every"),
    *("cache", "answers"),
}
"""Fields that a resumed run may set anew: where things lie, and how long it goes on."""


class RunFolder:
    """The folder of one run; only the main process writes."""

    def __init__(self, path: Path):
        self.path = Path(path)

    def start(self, config: Any) -> None:
        """Write the configuration; refuse to go on with a run of another one, see `check`."""
        self.check(config)
        for left in self.path.glob(f".*{UNFINISHED}"):  # what a kill left behind
            left.unlink()
        write_whole(self.path / "config.json", json.dumps(describe(config), indent=1).encode())

    def check(self, config: Any) -> None:
        """Refuse to go on with a run of another configuration.

        Raises
        ------
        ValueError
            If the folder holds a checkpoint of a run with other settings; the message names them.
        """
        described = describe(config)
        file = self.path / "config.json"
        if self.has_checkpoint() and file.exists():
            before = _completed(json.loads(file.read_text()), config)
            differing = [
                name
                for name in described
                if name not in _MAY_CHANGE and described[name] != before.get(name)
            ]
            if differing:
                raise ValueError(
                    f"{self.path} holds a run with another {', '.join(differing)}; "
                    "give the new run another --output, or delete this one"
                )

    def has_checkpoint(self) -> bool:
        """Whether there is something to go on from."""
        return (self.path / "state.pt").exists()

    def save(self, state: dict[str, Any]) -> None:
        """Keep `state`, tensors and plain values only, in place of the one before."""
        # In memory first: how a full disk ends torch's own writing depends on the moment.
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_whole(self.path / "state.pt", buffer.getbuffer())

    def load(self) -> dict[str, Any]:
        """Return the last state; the file cannot execute code."""
        return torch.load(self.path / "state.pt", map_location="cpu", weights_only=True)

    def log(self, numbers: dict[str, float]) -> None:
        """Append one line to the log."""
        append_whole(self.path / "metrics.jsonl", json.dumps(numbers).encode() + b"\n")

    def forget_after(self, step: int) -> None:
        """Drop log lines of steps that will be done again, and what a kill left of a line."""
        file = self.path / "metrics.jsonl"
        kept = []
        for line in file.read_text().splitlines() if file.exists() else []:
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line + "\n")
            except json.JSONDecodeError:
                continue
        write_whole(file, "".join(kept).encode())


def describe(config: Any) -> dict[str, Any]:
    """Return a configuration as plain JSON values, with the class name of nested choices."""
    plain = json.loads(json.dumps(asdict(config), default=str))
    for name, value in vars(config).items():
        if is_dataclass(value):
            plain[name]["class"] = type(value).__name__
    return plain


def _completed(before: dict[str, Any], config: Any) -> dict[str, Any]:
    """Give settings that did not exist when a run began their default.

    So a new setting needs the default that does what was done without it.
    """
    whole = {**describe(type(config)()), **before}
    for name, value in vars(config).items():
        if is_dataclass(value) and isinstance(before.get(name), dict):
            whole[name] = _completed(before[name], value)
    return whole
