"""A bundle's network: looked through before it runs, then run by ONNX Runtime."""

from typing import Any

import numpy as np

from saccade.bundle.graph import INPUT, LOGITS, PROBABILITIES, line, look_through
from saccade.bundle.threads import processors
from saccade.core.errors import BadBundle


class Model:
    """Answers for pixels.

    `shape` is (height, width, channels) of a picture, `classes` how many there are, `together` how
    many pictures are computed at once.
    """

    def __init__(self, data: bytes, threads: int | None = None):
        """`data` is the file; `threads` is how many compute, by default all there are for us.

        Raises:
            BadBundle: it is no network of ours; says why.
        """
        self.shape, self.classes, self.together = look_through(data)
        self._session = _session(data, threads or processors())

    def answer(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [n, height, width, channels] -> (probabilities, logits), float32 [n, classes].

        Raises:
            BadBundle: the network can't be run on them.
        """
        if pixels.dtype != np.uint8 or pixels.shape[1:] != self.shape:
            raise ValueError(f"uint8 [n, {self.shape}], got {pixels.dtype} {pixels.shape}")
        if not len(pixels):
            return (np.empty((0, self.classes), np.float32),) * 2
        starts = range(0, len(pixels), self.together)
        parts = [self._run(pixels[i : i + self.together]) for i in starts]
        probabilities, logits = (np.concatenate(each) for each in zip(*parts, strict=True))
        return probabilities, logits

    def _run(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        try:
            both = self._session.run([PROBABILITIES, LOGITS], {INPUT: np.ascontiguousarray(pixels)})
        except Exception as error:  # what it raises has no common class
            raise BadBundle(f"model.onnx can't be run: {line(error)}") from None
        if any(each.shape != (len(pixels), self.classes) for each in both):
            raise BadBundle(f"model.onnx gives {[each.shape for each in both]}")
        if not all(np.isfinite(each).all() for each in both):
            raise BadBundle("model.onnx gives something that is no number")
        return both[0], both[1]


def _session(data: bytes, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Threads that wait busily take the processors from whoever decodes the next picture.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Else a file of ONNX Runtime's own kind may hide in one that was looked through.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = 4  # what it has to say comes as an error
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # what it raises has no common class
        raise BadBundle(f"model.onnx can't be run: {line(error)}") from None
