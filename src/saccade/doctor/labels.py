"""Which labels a trained network doubts: confident learning.

Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", by
their own library, cleanlab.
"""

import numpy as np

from saccade.core.errors import MissingFile


def doubted(labels: np.ndarray, probabilities: np.ndarray, most: int) -> list[int]:
    """Rows whose label is most likely wrong, the likeliest first, at most `most`.

    `labels` int [n]; `probabilities` [n, classes] of a network that was not trained on these rows:
    one that was has learnt their errors by heart.

    Raises:
        MissingFile: cleanlab is not installed.
    """
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        raise MissingFile(
            "likely label errors take cleanlab: pip install 'saccade[doctor]'"
        ) from None
    scores = get_label_quality_scores(labels, probabilities, method="normalized_margin")
    suspects = np.flatnonzero(probabilities.argmax(1) != labels)
    ranked = suspects[np.argsort(scores[suspects], kind="stable")]
    return [int(row) for row in ranked[:most]]
