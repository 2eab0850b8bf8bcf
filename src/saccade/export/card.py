"""A bundle's README.md: the model's card, with the front matter that Hugging Face reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from saccade.core.calibration import Calibration
from saccade.core.text import markdown, readable
from saccade.export.proof import Parity

MOST_CLASSES = 20


def card(
    facts: Mapping[str, Any],
    metrics: Mapping[str, Any],
    calibration: Calibration,
    checks: Sequence[Parity],
    golden: str,
) -> bytes:
    """`facts` and `metrics` are a run's record and result, `golden` where golden pictures are from.

    Front matter: the model card specification of the Hugging Face Hub.
    """
    text = "\n".join([*_front_matter(facts, metrics), *_body(facts, metrics, calibration)])
    proof = ["## Proof", "", *(f"- {markdown(check)}" for check in checks), f"- {golden}", ""]
    return (text + "\n" + "\n".join(proof)).encode()


def _front_matter(facts: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[str]:
    """YAML, every text between quotes: nothing in it can steer."""
    data, model = facts["data"]["name"], facts["model"]["name"]
    test = metrics.get("test")
    lines = [
        "---",
        "library_name: saccade",
        "pipeline_tag: image-classification",
        "tags: [image-classification, onnx, saccade]",
        f"datasets: [{_quoted(data)}]",
    ]
    if test:
        lines += [
            "metrics: [accuracy]",
            "model-index:",
            f"- name: {_quoted(f'{data}-{model}')}",
            "  results:",
            "  - task: {type: image-classification}",
            f"    dataset: {{name: {_quoted(data)}, type: {_quoted(data)}, split: test}}",
            "    metrics:",
            f"    - {{type: accuracy, name: Accuracy, value: {float(test['accuracy']):.6f}}}",
        ]
    return [*lines, "---", ""]


def _body(
    facts: Mapping[str, Any], metrics: Mapping[str, Any], calibration: Calibration
) -> list[str]:
    data, model = facts["data"], facts["model"]
    height, width, channels = model["input_shape"]
    # Records from before there were auxiliary heads do not tell the two apart.
    parameters = model.get("answering_parameters", model["parameters"])
    classes = [markdown(name) for name in data["classes"]]
    shown = ", ".join(classes[:MOST_CLASSES]) + (", ..." if len(classes) > MOST_CLASSES else "")
    return [
        f"# {markdown(data['name'])}, {markdown(model['name'])}",
        "",
        f"An image classifier, trained by saccade. It tells {len(classes):,} classes apart: "
        f"{shown}. It answers with one of them whatever it is shown.",
        "",
        f"- Data: {markdown(data['statement'])}",
        f"- Pictures: {width}x{height} pixels, {'grey' if channels == 1 else 'RGB'}; "
        "preprocess.json says how any other becomes one",
        f"- Model: {markdown(model['name'])}, {parameters:,} parameters",
        f"- {_accuracy(metrics)}",
        *([f"- {_use_of_test(facts)}"] if "test" in (facts["recipe"]["watch"], *metrics) else []),
        f"- Confidence: {_confidence(calibration)}",
        "",
        "## Use",
        "",
        "```sh",
        "pip install saccade",
        "saccade predict PATH-OF-THIS-FOLDER photo.jpg",
        "```",
        "",
        "Or any ONNX runtime: `pixels` are uint8 [batch, "
        f"{height}, {width}, {channels}], 0 to 255, as they come out of the picture; "
        "`probabilities` and `logits` are float32 "
        f"[batch, {len(classes)}]. Scaling, calibration and softmax are inside.",
        "",
    ]


def _accuracy(metrics: Mapping[str, Any]) -> str:
    test = metrics.get("test")
    if not test:
        return "Test accuracy: not known, test was not read with these weights"
    low, high = 100 * test["low"], 100 * test["high"]
    return (
        f"Test accuracy: {100 * test['accuracy']:.2f} % "
        f"(95 % interval {low:.2f} to {high:.2f}, n = {test['n']:,})"
    )


def _use_of_test(facts: Mapping[str, Any]) -> str:
    if facts["recipe"]["watch"] == "test":
        return "Test: watched during training, as the deck does; the last step counts"
    return "Test: read once, after the last step"


def _confidence(calibration: Calibration) -> str:
    if calibration.method == "none":
        return "as the network gives it, not calibrated"
    return f"calibrated ({calibration.method} scaling, saccade calibrate)"


def _quoted(text: object) -> str:
    r"""A double-quoted scalar of YAML 1.2.

    JSON's are not quite: YAML takes half of an emoji for a letter, and no control character.

    >>> print(_quoted('a "b"'))
    "a \U00000022b\U00000022"
    """
    letters = (
        each if each.isprintable() and each not in '"\\' else f"\\U{ord(each):08x}"
        for each in readable(text)
    )
    return f'"{"".join(letters)}"'
