"""`tamingseg distill --data FOLDER ... --output RUN`: train features for every pixel.

The student learns to answer what the teacher, any click model, would answer to a click on any
pixel. The teacher is first shown every image once; its answers are kept. Mosaics of --textures are
compared with the truth only. The same command continues a run that was stopped. On several GPUs or
machines, start it with `torchrun -m tamingseg.cli.main distill ...`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tamingseg.cli.flags import parse
from tamingseg.cli.train import training_data, validation
from tamingseg.segmentors.base import check_probabilities
from tamingseg.segmentors.load import load_segmentor, model_fingerprint
from tamingseg.training.click_task import check_encoder
from tamingseg.training.config import DistillConfig
from tamingseg.training.distill_task import distillation
from tamingseg.training.loop import local_main_process_first, train
from tamingseg.training.run_folder import RunFolder
from tamingseg.values import Click


def main(arguments: Sequence[str]) -> int:
    """Parse, open the data, ask the teacher, train."""
    renamed = {"--folder": "--output"}
    config = parse(DistillConfig, "tamingseg distill", arguments, renamed, description=__doc__)
    check_encoder(config)
    kept, held = training_data(config)
    segmentor = load_segmentor(config.teacher)
    device = str(getattr(segmentor, "device", "cpu"))
    if config.answers is None and config.workers and device != "cpu":
        raise ValueError(
            f"the teacher is on {device}, where the {config.workers} processes that prepare "
            "samples cannot ask it; keep its answers with --answers FOLDER, or set --workers 0"
        )

    def teacher(image: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
        answers = segmentor.predict(segmentor.embed(image), clicks, full_size=False)
        # Checked before they are kept: as bytes, even what is no number looks like an answer.
        size = np.shape(answers)[-2:]
        return check_probabilities(answers, (len(clicks), *size), segmentor.name)

    name = f"{segmentor.name}-{model_fingerprint(config.teacher)}"
    # A run does not go on with other weights of the same name, and says so before they are asked.
    config = replace(config, teacher=name)
    RunFolder(config.output).check(config)
    task, samples = distillation(config, kept, teacher, name)
    if config.answers is not None:
        with local_main_process_first():
            for answers in filter(None, samples.teachers):
                answers.fill()
    train(config, task, samples, validation(held) if held else None)
    print(f"weights: {config.output / 'model.safetensors'}")
    return 0
