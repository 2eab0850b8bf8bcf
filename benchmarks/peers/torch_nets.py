"""The nets of nets.py as PyTorch's, in its own order (channels, height, width)."""

from torch import nn
from torch.nn import functional


class Same(nn.Module):
    """Keras' padding "same": what is odd goes to the right and below."""

    def __init__(self, size: int, stride: int):
        super().__init__()
        total = max(size - stride, 0)
        self.padding = (total // 2, total - total // 2) * 2

    def forward(self, x):
        return functional.pad(x, self.padding)


def convolution(given, filters, size, stride=1, bias=True):
    layer = nn.Conv2d(given, filters, size, stride, bias=bias)
    return nn.Sequential(Same(size, stride), layer)


def softmax():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp():
    parts, given = [nn.Flatten()], 784
    for units in (200, 100, 60, 30):
        parts += [nn.Linear(given, units), nn.ReLU()]
        given = units
    return nn.Sequential(*parts, nn.Linear(given, 10))


def conv_4_8_12():
    parts, given = [], 1
    for filters, size, stride in ((4, 5, 1), (8, 4, 2), (12, 4, 2)):
        parts += [convolution(given, filters, size, stride), nn.ReLU()]
        given = filters
    dense = [nn.Flatten(), nn.Linear(588, 200), nn.ReLU(), nn.Linear(200, 10)]
    return nn.Sequential(*parts, *dense)


def batch_norm(filters):
    parts, given = [], 1
    for count, size, stride in zip(filters, (6, 5, 4), (1, 2, 2), strict=True):
        parts += [convolution(given, count, size, stride, False), nn.BatchNorm2d(count), nn.ReLU()]
        given = count
    dense = [nn.Flatten(), nn.Linear(49 * given, 200, bias=False), nn.BatchNorm1d(200), nn.ReLU()]
    return nn.Sequential(*parts, *dense, nn.Dropout(0.25), nn.Linear(200, 10))


def conv_32_64():
    first = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10))


def block(given, filters):
    layer = nn.Conv2d(given, filters, 3, padding=1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(filters), nn.ReLU())


class ResNet9(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = block(3, 64), block(64, 128)
        self.third = nn.Sequential(block(128, 128), block(128, 128))
        self.fourth, self.fifth = block(128, 256), block(256, 512)
        self.sixth = nn.Sequential(block(512, 512), block(512, 512))
        self.last = nn.Linear(512, 10)

    def forward(self, x):
        pool = functional.max_pool2d
        x = pool(self.second(self.first(x)), 2)
        x = pool(self.fourth(x + self.third(x)), 2)
        x = pool(self.fifth(x), 2)
        return self.last((x + self.sixth(x)).amax((2, 3)))


class Inverted(nn.Module):
    """MobileNetV2's block: wider, by channel, narrower; added where nothing changes size."""

    def __init__(self, given, made, stride, wider):
        super().__init__()
        inner = given * wider
        parts = [] if wider == 1 else [normed(given, inner, 1)]
        parts += [normed(inner, inner, 3, stride, inner), normed(inner, made, 1, active=False)]
        self.parts, self.added = nn.Sequential(*parts), stride == 1 and given == made

    def forward(self, x):
        return x + self.parts(x) if self.added else self.parts(x)


def normed(given, made, size, stride=1, groups=1, active=True):
    layer = nn.Conv2d(given, made, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(made), *([nn.ReLU6()] if active else []))


def mobilenet_v2():
    """Sandler et al. 2018, table 2, for pictures of 224x224."""
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1))
    parts, given = [normed(3, 32, 3, 2)], 32
    for wider, made, times, stride in (*table, (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(times):
            parts.append(Inverted(given, made, stride if i == 0 else 1, wider))
            given = made
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*parts, normed(320, 1280, 1), *pool)


MODULES = {
    "softmax": softmax,
    "mlp": mlp,
    "conv 4-8-12": conv_4_8_12,
    "conv 6-12-24+BN": lambda: batch_norm((6, 12, 24)),
    "conv 24-48-64+BN": lambda: batch_norm((24, 48, 64)),
    "conv 32-64": conv_32_64,
    "ResNet-9": ResNet9,
}
