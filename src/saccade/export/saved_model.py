"""A network as TensorFlow's SavedModel, for TensorFlow Serving and Vertex AI.

Its graph is JAX's own program inside one TensorFlow operation (`XlaCallModule`): TensorFlow runs
it, converters to TFLite or ONNX do not read it.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.calibration import Calibration
from saccade.core.errors import BadUsage, MissingFile
from saccade.export.proof import Exported, asked, prove
from saccade.export.traced import answering
from saccade.models.backend import jax
from saccade.run import durable
from saccade.run.directory import Run, open_run
from saccade.train.restore import Own, Trained

jnp = jax.numpy
SIGNATURE, PLATFORMS = "serving_default", ("cpu", "cuda")


def tensorflow() -> Any:
    """TensorFlow, quietly.

    Raises:
        MissingFile: it is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow as tf
    except ImportError:
        raise MissingFile(
            "--format saved-model takes TensorFlow: pip install tensorflow-cpu"
        ) from None
    return tf


def export_saved_model(
    run: str | Path | Run,
    out: str | Path | None = None,
    *,
    checkpoint: str | None = None,
    model: Own = None,
) -> Exported:
    """Writes a run's network as a SavedModel, proved as a bundle is; `out` is RUN/saved-model by
    default, and must not be there.

    Raises:
        MissingFile: TensorFlow is not installed.
        BadUsage: something is at `out`.
        BadRun, BadData, Disagrees: as `export`.
    """
    tensorflow()
    opened = run if isinstance(run, Run) else open_run(run)
    place = Path(out) if out is not None else opened.path / "saved-model"
    if place.exists():
        raise BadUsage(f"{place} is there already; give another --out")
    network = asked(opened, checkpoint, model)
    durable.make_directory(place.parent, parents=True)
    aside = durable.aside_of(place)
    try:
        durable.remove(aside)
        write_saved_model(network.trained, network.calibration, aside)
        checks = network.parity(*ask_saved_model(aside, network.pixels))
        prove(checks)
        durable.move(aside, place)
    finally:
        durable.try_to_remove(aside)
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    return Exported(place, size, checks)


def write_saved_model(trained: Trained, calibration: Calibration, folder: Path) -> None:
    """Writes it to a new folder: `pixels` uint8 [batch, height, width, channels] in, float32
    [batch, classes] `probabilities` and `logits` out, as an ONNX file of ours has them.

    Raises:
        MissingFile: TensorFlow is not installed.
    """
    tf = tensorflow()
    from tensorflow.compiler.tf2xla.python import xla

    program, classes = _program(trained, calibration), len(trained.classes)
    module = _in_old_words(program.mlir_module_serialized)

    def answer(pixels: Any) -> dict[str, Any]:
        outputs = xla.call_module(
            [pixels],
            version=program.calling_convention_version,
            module=module,
            Tout=[tf.float32, tf.float32],
            Sout=[tf.TensorShape([None, classes])] * 2,
            platforms=[platform.upper() for platform in program.platforms],
            function_list=[],
            has_token_input_output=False,
            disabled_checks=[],
            use_shardy_partitioner=False,
        )
        return dict(zip(("probabilities", "logits"), outputs, strict=True))

    shape = [None, *trained.network.input_shape]
    served = tf.Module()
    signature = [tf.TensorSpec(shape, tf.uint8, name="pixels")]
    served.answer = tf.function(answer, autograph=False, input_signature=signature)
    tf.saved_model.save(served, str(folder), signatures={SIGNATURE: served.answer})


def _program(trained: Trained, calibration: Calibration) -> Any:
    """Pixels -> (probabilities, logits) for batches of any size, as JAX exports it."""
    (batch,) = jax.export.symbolic_shape("batch")
    pixels = jax.ShapeDtypeStruct((batch, *trained.network.input_shape), jnp.uint8)  # type: ignore[no-untyped-call]
    return jax.export.export(jax.jit(answering(trained, calibration)), platforms=PLATFORMS)(pixels)


def _in_old_words(program: bytes) -> bytes:
    """The same program in the oldest StableHLO: TensorFlow is some months behind JAX."""
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    context = ir.Context()
    stablehlo.register_dialect(context)
    with context:
        module = stablehlo.deserialize_portable_artifact(context, program)
        written: bytes = stablehlo.serialize_portable_artifact(
            module, stablehlo.get_minimum_version()
        )
    return written


def ask_saved_model(folder: Path, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(probabilities, logits) [n, classes] of a written one, as TensorFlow Serving gives them."""
    tf = tensorflow()
    served = tf.saved_model.load(str(folder)).signatures[SIGNATURE]
    answers = served(pixels=tf.constant(pixels))
    return answers["probabilities"].numpy(), answers["logits"].numpy()
