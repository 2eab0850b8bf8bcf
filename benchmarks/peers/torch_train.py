"""PyTorch's usual loop, data in memory: one line of JSON a net and round.

    python torch_train.py eager|compile contiguous|channels_last

Runs in an environment of its own.
"""

import sys
import time

began = time.perf_counter()

from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch  # noqa: E402
from measure import pictures, serve, version  # noqa: E402
from nets import NETS  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch_nets import MODULES  # noqa: E402

HOW, LAYOUT = sys.argv[1:3]


def trainer(name: str, images: int):
    """A function that trains one epoch."""
    torch.manual_seed(0)
    net, module = NETS[name], MODULES[name]()
    numbers, labels = pictures(net, images)
    x, y = (
        torch.from_numpy(numbers).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(labels).long(),
    )
    memory = torch.channels_last if LAYOUT == "channels_last" else torch.contiguous_format
    module = module.to(memory_format=memory)
    optimizer = torch.optim.Adam(module.parameters(), 1e-3, fused=True)

    def loss_of(x, y):
        x = x.float().div(255).contiguous(memory_format=memory)
        return functional.cross_entropy(module(x), y)

    if HOW == "compile":
        loss_of = torch.compile(loss_of)

    def epoch() -> int:
        order = torch.randperm(images)
        for rows in order[: images // net.batch * net.batch].view(-1, net.batch):
            loss = loss_of(x[rows], y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return images

    return epoch


if __name__ == "__main__":
    serve(trainer, began, versions=[version("torch")])
