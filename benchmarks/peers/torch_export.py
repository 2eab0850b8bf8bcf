"""Writes a net as PyTorch's own exporter does: python torch_export.py NET FILE

uint8 pixels (batch, height, width, channels) in, probabilities out, as saccade's bundles have it.
"""

import sys

import torch
from torch import nn
from torch_nets import MODULES, mobilenet_v2

OTHERS = {
    "MobileNetV2": (mobilenet_v2, (224, 224, 3)),
    "ResNet-9": (MODULES["ResNet-9"], (32, 32, 3)),
}


class Whole(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, pixels):
        x = pixels.permute(0, 3, 1, 2).to(torch.float32) * (1 / 255)
        return torch.softmax(self.inner(x), dim=1)


name, file = sys.argv[1:3]
build, shape = OTHERS.get(name) or (MODULES[name], (28, 28, 1))
torch.manual_seed(0)
net = Whole(build()).eval()
example = torch.zeros((2, *shape), dtype=torch.uint8)
torch.onnx.export(
    net,
    (example,),
    file,
    input_names=["pixels"],
    output_names=["probabilities"],
    dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
    dynamo=True,
    external_data=False,
)
