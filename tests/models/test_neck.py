import torch
from torch.nn import functional as F

from tamingseg.models.neck import MlpHead, SimplePyramid


def test_strides_and_channels():
    maps = SimplePyramid(16, (4, 6, 8, 10))(torch.rand(2, 16, 6, 8))
    assert [tuple(m.shape) for m in maps] == [
        (2, 4, 24, 32),
        (2, 6, 12, 16),
        (2, 8, 6, 8),
        (2, 10, 3, 4),
    ]


def test_head_equals_the_one_by_the_book():
    """Join the enlarged maps, then one convolution: the same numbers as the cheaper order."""
    head = MlpHead((3, 5, 2, 4), 6, dropout=0.1).eval()
    maps = [
        torch.randn(2, c, 32 // s, 48 // s) for c, s in zip((3, 5, 2, 4), (1, 2, 4, 8), strict=True)
    ]
    joined = torch.cat(
        [
            F.interpolate(project(m).relu(), (32, 48), mode="bilinear")
            for project, m in zip(head.project, maps, strict=True)
        ],
        dim=1,
    )
    expected = head.predict(head.fuse(joined).relu())
    torch.testing.assert_close(head(maps), expected, atol=1e-5, rtol=1e-4)
