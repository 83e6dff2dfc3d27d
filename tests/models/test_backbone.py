import pytest
import timm
import torch

from tamingseg.models.backbone import (
    PlainViT,
    _from_windows,
    _to_windows,
    hierarchical_backbone,
    resize_positions,
)


@pytest.mark.parametrize(("size", "windows"), [(1024, 4), (512, 2), (448, 2), (256, 1), (64, 1)])
def test_number_of_windows(size, windows):
    assert PlainViT(size, 8, 0, 2, 3).windows == windows


@pytest.mark.parametrize("size", [100, 16 * 29])
def test_sizes_that_cannot_be_split(size):
    with pytest.raises(ValueError, match="would do"):
        PlainViT(size, 8, 1, 2, 3)


def test_windows_hold_neighbours_and_come_back():
    grid = torch.arange(2 * 6 * 6).view(2, 6, 6)
    tokens = grid.view(2, 36, 1)
    split = _to_windows(tokens, 2, 6)
    assert split.shape == (8, 9, 1)
    assert torch.equal(split[1, :, 0].view(3, 3), grid[0, :3, 3:])
    assert torch.equal(split[6, :, 0].view(3, 3), grid[1, 3:, :3])
    assert torch.equal(_from_windows(split, 2), tokens)


def test_only_global_blocks_see_beyond_their_window():
    """Blocks 1 and 2 are windowed, 3 is global, 4 is windowed: and 4 would be global if last."""
    images = torch.rand(1, 3, 448, 448)
    changed = images.clone()
    changed[..., -16:, -16:] += 1  # the last token, in the last window
    for depth, reaches in ((0, False), (1, True), (3, True)):
        model = PlainViT(448, 16, depth, 2, 3).eval()
        same = torch.isclose(model(images), model(changed), atol=1e-7).all(1)[0]
        assert bool(same[:14, :14].all()) is not reaches
    model = PlainViT(448, 16, 4, 2, 99).eval()
    del model.blocks[3]
    model.blocks.append(torch.nn.Identity())  # the last, global one does nothing
    same = torch.isclose(model(images), model(changed), atol=1e-7).all(1)[0]
    assert same[:14].all()
    assert not same[14:, 14:].any()


def test_positions_resized():
    rows = torch.linspace(0, 1, 8).view(8, 1).expand(8, 8).reshape(1, 64, 1)
    positions = torch.cat([torch.full((1, 1, 1), 7.0), rows], dim=1)
    assert torch.equal(resize_positions(positions, 8), positions)
    small = resize_positions(positions, 4)
    assert small.shape == (1, 17, 1)
    assert small[0, 0, 0] == 7  # the class token's stays
    grid = small[0, 1:, 0].view(4, 4)
    assert (grid.diff(dim=0) > 0.2).all()
    torch.testing.assert_close(grid, grid[:, :1].expand(4, 4))


def test_the_unused_norm_is_frozen():
    model = PlainViT(64, 8, 1, 2, 3)
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    assert frozen == ["fc_norm.weight", "fc_norm.bias"]


@pytest.mark.parametrize("name", ["test_resnet", "mambaout_femto", "swin_tiny_patch4_window7_224"])
def test_features_of_any_size_have_channels_first(name):
    """Also those of models that give them last, or that timm builds for one size."""
    backbone = hierarchical_backbone(name).eval()
    channels = backbone.feature_info.channels()[-4:]
    with torch.inference_mode():
        features = backbone(torch.rand(2, 3, 96, 64))[-4:]
    assert [tuple(values.shape) for values in features] == [
        (2, c, 96 // stride, 64 // stride)
        for c, stride in zip(channels, (4, 8, 16, 32), strict=True)
    ]


def test_what_is_checked_before_changes_no_weights():
    torch.manual_seed(0)
    ours = hierarchical_backbone("test_resnet").state_dict()
    torch.manual_seed(0)
    theirs = timm.create_model("test_resnet", features_only=True, pretrained=False).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize(
    ("name", "blocks", "message"),
    [
        ("hiera_tiny_224", (), "any multiples of 32, 'hiera_tiny_224' does not"),
        ("maxvit_nano_rw_256", (), "any multiples of 32"),
        ("vit_tiny_patch16_224", (), r"strides 4, 8, 16 and 32, .* gives \[16"),
        ("convnext_atto", (1, 1, 1, 1), "which are for ResNets"),
        ("no_such_model", (), "a model of timm, got 'no_such_model'"),
    ],
)
def test_models_without_such_features_are_refused_when_built(name, blocks, message):
    with pytest.raises(ValueError, match=message):
        hierarchical_backbone(name, blocks)
