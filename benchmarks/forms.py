"""The forms of single operations beside XLA's own: what docs/lab-notes.md has its figures from.

    python benchmarks/forms.py                     all of them, on an idle machine
    python benchmarks/forms.py --only winograd     or another of its tables

Ways take turns; each line has the medians of nine calls in milliseconds.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from saccade.models.backend import jax
from saccade.models.depthwise import convolve_depthwise
from saccade.models.direct import convolve_direct
from saccade.models.grouped import convolve_grouped
from saccade.models.pooling import pool_max
from saccade.models.winograd import convolve_winograd
from saccade.train.augment import augment
from saccade.train.geometry import Affine, Flip
from saccade.train.randaugment import RandAugment

jnp, lax = jax.numpy, jax.lax
Way = tuple[Callable[..., Any], tuple[Any, ...]]  # what is called, with what
Case = tuple[str, dict[str, Way]]

ROUNDS = 9
DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def normal(*shape: int) -> Any:
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


def passes(
    convolve: Callable[[Any, Any], Any], x: Any, kernel: Any
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Forward, and each slope alone."""

    def loss(x: Any, kernel: Any, slope: Any) -> Any:
        return (convolve(x, kernel) * slope).sum()

    yield "forward", lambda x, kernel, slope: convolve(x, kernel)
    yield "input slope", jax.grad(loss, 0)
    yield "kernel slope", jax.grad(loss, 1)


def beside(
    title: str, forms: Mapping[str, Callable[[Any, Any], Any]], x: Any, kernel: Any
) -> Iterator[Case]:
    """Every pass of every form."""
    shape = jax.eval_shape(next(iter(forms.values())), x, kernel).shape
    ways: dict[str, dict[str, Way]] = {}
    for form, convolve in forms.items():
        for name, function in passes(convolve, x, kernel):
            ways.setdefault(name, {})[form] = (function, (x, kernel, normal(*shape)))
    for name, each in ways.items():
        yield f"{title}, {name}", each


def winograd() -> Iterator[Case]:
    for side, channels, filters in ((32, 64, 128), (16, 128, 256), (8, 256, 512), (4, 512, 512)):
        forms = {
            "direct": lambda x, k: convolve_direct(x, k, (1, 1), "same"),
            "winograd": lambda x, k: convolve_winograd(x, k, "same"),
        }
        x, kernel = normal(128, side, side, channels), normal(3, 3, channels, filters)
        yield from beside(f"{side}x{side}, {channels} to {filters}", forms, x, kernel)


def depthwise() -> Iterator[Case]:
    for side, channels, stride in ((112, 32, 1), (56, 144, 1), (56, 144, 2), (14, 384, 1)):
        strides = (stride, stride)

        def by_groups(x: Any, kernel: Any, strides: tuple[int, int] = strides) -> Any:
            kernel = kernel.transpose(0, 1, 3, 2)
            groups = x.shape[-1]
            return lax.conv_general_dilated(
                x, kernel, strides, "SAME", dimension_numbers=DIMENSIONS, feature_group_count=groups
            )

        def shifted(x: Any, kernel: Any, strides: tuple[int, int] = strides) -> Any:
            return convolve_depthwise(x, kernel, strides, "same", last=False)

        x, kernel = normal(16, side, side, channels), normal(3, 3, channels, 1)
        title = f"{side}x{side}x{channels}, stride {stride}"
        yield from beside(title, {"XLA, by groups": by_groups, "shifted": shifted}, x, kernel)


def grouped() -> Iterator[Case]:
    """ResNeXt-50's, whose 32 groups are 4 to 32 channels wide."""
    for side, channels, stride in ((56, 128, 1), (28, 512, 2), (14, 512, 1), (7, 1024, 1)):
        plain = partial(convolve_direct, strides=(stride, stride), padding="same")
        forms = {
            "XLA, by groups": partial(
                lax.conv_general_dilated,
                window_strides=(stride, stride),
                padding="SAME",
                dimension_numbers=DIMENSIONS,
                feature_group_count=32,
            ),
            "ordinary ones": partial(_in_groups, plain),
        }
        x, kernel = normal(8, side, side, channels), normal(3, 3, channels // 32, channels)
        yield from beside(f"{side}x{side}x{channels}, stride {stride}", forms, x, kernel)


def _in_groups(plain: Callable[[Any, Any], Any], x: Any, kernel: Any) -> Any:
    return convolve_grouped(plain, x, kernel, groups=32)


def pooling() -> Iterator[Case]:
    x = normal(128, 26, 26, 32)

    def of_xla(x: Any) -> Any:
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def ours(x: Any) -> Any:
        return pool_max(x, (2, 2), (2, 2), "valid")

    forms = {"XLA": of_xla, "side by side": ours}
    yield (
        "26x26x32, largest of 2x2, forward and slope",
        {
            name: (jax.grad(lambda x, pool=pool: jnp.square(pool(x)).sum()), (x,))
            for name, pool in forms.items()
        },
    )


def dense() -> Iterator[Case]:
    """A hundred products in a loop, as an update has them."""

    def looped(contract: int) -> Callable[[Any, Any], Any]:
        def run(x: Any, kernel: Any) -> Any:
            def body(_: Any, kernel: Any) -> Any:
                loss = lambda k: jnp.square(  # noqa: E731
                    lax.dot_general(x, k, (((1,), (contract,)), ((), ())))
                ).mean()
                return kernel - 1e-3 * jax.grad(loss)(kernel)

            return lax.fori_loop(0, 100, body, kernel)

        return run

    for units in (10, 200):
        x, kernel = normal(100, 784), normal(784, units)
        yield (
            f"784 to {units}, 100 times",
            {
                "[inputs, units]": (looped(0), (x, kernel)),
                "[units, inputs]": (looped(1), (x, kernel.T)),
            },
        )


def bfloat16() -> Iterator[Case]:
    for rows, inputs, units in ((2048, 2048, 2048), (100, 784, 200), (100, 784, 10)):
        a, b = normal(rows, inputs), normal(inputs, units)
        half = (a.astype(jnp.bfloat16), b.astype(jnp.bfloat16))
        yield (
            f"[{rows}, {inputs}] times [{inputs}, {units}]",
            {"float32": (jnp.matmul, (a, b)), "bfloat16": (jnp.matmul, half)},
        )


def augmentations() -> Iterator[Case]:
    """What is added to an update."""
    images, key = jnp.abs(normal(100, 32, 32, 3)) % 1, jax.random.key(0)
    yield (
        "100 pictures 32x32x3",
        {
            name: (partial(_changed, each), (images, key))
            for name, each in {
                "flip": Flip(),
                "affine": Affine(),
                "randaugment": RandAugment(),
            }.items()
        },
    )


def _changed(augmentation: Any, images: Any, key: Any) -> Any:
    return augment((augmentation,), images, key).images


CASES = (winograd, depthwise, grouped, pooling, dense, bfloat16, augmentations)


def measure(ways: Mapping[str, Way]) -> dict[str, float]:
    """Milliseconds of each, compiled, the median of calls in turns."""
    compiled = {name: jax.jit(function) for name, (function, _) in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for once in range(ROUNDS + 1):
        for name, (_, given) in ways.items():
            began = time.perf_counter()
            jax.block_until_ready(compiled[name](*given))
            if once:  # the first one compiles
                seconds[name].append(time.perf_counter() - began)
    return {name: 1e3 * statistics.median(each) for name, each in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=[cases.__name__ for cases in CASES])
    only = parser.parse_args().only
    for cases in CASES:
        if only not in (None, cases.__name__):
            continue
        print(cases.__name__)
        for title, ways in cases():
            told = "  ".join(f"{name} {each:.2f}" for name, each in measure(ways).items())
            print(f"  {title:<40} {told}", flush=True)


if __name__ == "__main__":
    main()
