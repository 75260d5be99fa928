"""The networks of the benchmark `networks`, in PyTorch, for the scripts that run them with other libraries."""

from torch import nn
from torch.nn import functional


def small():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def large():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3136, 1024), nn.ReLU(), nn.Linear(1024, 10))


def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.Sigmoid(), nn.Linear(100, 10))


def conv_norm(inputs, filters, kernel, stride=1, groups=1):
    return [nn.Conv2d(inputs, filters, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(filters)]


class Residual(nn.Module):
    """relu(deep(x) + shortcut(x)), or without the activation."""

    def __init__(self, deep, shortcut, rectified=True):
        super().__init__()
        self.deep = nn.Sequential(*deep)
        self.shortcut = nn.Sequential(*shortcut)
        self.rectified = rectified

    def forward(self, x):
        y = self.deep(x) + self.shortcut(x)
        return functional.relu(y) if self.rectified else y


def resnet20():
    layers, inputs = [*conv_norm(3, 16, 3), nn.ReLU()], 16
    for filters in (16, 32, 64):
        for block in range(3):
            stride = 2 if filters != 16 and block == 0 else 1
            layers.append(Residual(
                [*conv_norm(inputs, filters, 3, stride), nn.ReLU(), *conv_norm(filters, filters, 3)],
                conv_norm(inputs, filters, 1, stride) if stride != 1 or inputs != filters else []))
            inputs = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def resnet50():
    layers, inputs = [*conv_norm(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for filters, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if filters != 64 and block == 0 else 1
            layers.append(Residual(
                [*conv_norm(inputs, filters, 1), nn.ReLU(), *conv_norm(filters, filters, 3, stride), nn.ReLU(),
                 *conv_norm(filters, 4 * filters, 1)],
                conv_norm(inputs, 4 * filters, 1, stride) if inputs != 4 * filters else []))
            inputs = 4 * filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def mobilenet_v2():
    layers, inputs = [*conv_norm(3, 32, 3, 2), nn.ReLU()], 32
    for expansion, filters, blocks, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                              (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            stride, hidden = first if block == 0 else 1, inputs * expansion
            deep = [*conv_norm(inputs, hidden, 1), nn.ReLU()] if expansion != 1 else []
            deep += [*conv_norm(hidden, hidden, 3, stride, hidden), nn.ReLU(), *conv_norm(hidden, filters, 1)]
            same = stride == 1 and inputs == filters
            layers.append(Residual(deep, [], False) if same else nn.Sequential(*deep))
            inputs = filters
    return nn.Sequential(*layers, *conv_norm(320, 1280, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(1280, 1000))


def vgg16():
    layers, inputs = [], 3
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
            inputs = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(),
                         nn.Linear(4096, 1000))


def xor():
    return nn.Sequential(nn.Flatten(), nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))


BUILDERS = {build.__name__: build for build in (small, large, perceptron, resnet20, resnet50, mobilenet_v2, vgg16, xor)}
