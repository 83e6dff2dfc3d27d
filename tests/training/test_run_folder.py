import json
from dataclasses import replace

import pytest
import torch

from tamingseg.training.config import PRESETS, TrainConfig
from tamingseg.training.run_folder import RunFolder, describe


def test_state_comes_back_and_the_old_one_is_replaced(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.start(TrainConfig())
    assert not run.has_checkpoint()
    for step in (1, 2):
        run.save({"step": step, "weights": torch.full((3,), float(step))})
    state = run.load()
    assert state["step"] == 2
    assert state["weights"].tolist() == [2.0, 2.0, 2.0]
    assert [path.name for path in run.path.glob("state*")] == ["state.pt"]


def test_a_state_that_carries_code_is_refused(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("code was executed",))

    run = RunFolder(tmp_path)
    torch.save({"step": 1, "weights": Bomb()}, tmp_path / "state.pt")
    with pytest.raises(Exception, match="weights_only"):
        run.load()


def test_another_configuration_is_refused_by_name(tmp_path):
    run = RunFolder(tmp_path)
    run.start(TrainConfig())
    run.save({"step": 1})
    with pytest.raises(ValueError, match="peak_lr"):
        run.start(TrainConfig(peak_lr=1e-9))
    run.start(TrainConfig(steps=20_000))  # a run may be prolonged


def test_a_run_from_before_a_setting_existed_goes_on(tmp_path):
    run = RunFolder(tmp_path)
    run.start(TrainConfig())
    run.save({"step": 1})
    file = tmp_path / "config.json"
    older = json.loads(file.read_text())
    del older["cut_previous"], older["model"]["outputs"]
    file.write_text(json.dumps(older))
    with pytest.raises(ValueError, match="cut_previous"):
        run.start(TrainConfig(cut_previous=0.5))
    run.start(TrainConfig())
    assert json.loads(file.read_text()) == describe(TrainConfig())


def test_lines_beyond_the_checkpoint_and_torn_lines_are_dropped(tmp_path):
    run = RunFolder(tmp_path)
    run.start(TrainConfig())
    for step in (1, 2, 3):
        run.log({"step": step})
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 4, "lo')
    run.forget_after(2)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_can_be_written_down_and_told_apart(name):
    config = PRESETS[name][1]
    described = describe(config)
    assert json.loads(json.dumps(described)) == described
    assert described != describe(replace(config, seed=config.seed + 1))


def test_the_resolution_follows_the_schedule():
    config = TrainConfig(steps=10, sizes=((0.5, 160), (0.8, 224), (1.0, 288)))
    sizes = [config.size_of(step * config.batch) for step in range(10)]
    assert sizes == [160] * 5 + [224] * 3 + [288] * 2
