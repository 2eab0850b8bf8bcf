"""What made the run: everything that decides its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from saccade.run.beginning import begun
from saccade.run.interventions import told
from saccade.view import page
from saccade.view.story import Story

MOST_LISTED = 20


def making(story: Story) -> str:
    """The record of run.json, for people."""
    facts = story.facts
    rows = [
        ("data", page.text(facts["data"]["statement"]) + _left_out(facts["data"])),
        ("split", page.text(_split(facts["data"]))),
        ("fingerprint", f"<code>{page.text(facts['data']['fingerprint'])}</code>"),
        ("looked over", _looked_over(facts.get("doctor"))),
        ("model", page.text(_model(facts["model"]))),
        ("pixels", page.text(_pixels(facts.get("preprocess", {})))),
        ("recipe", page.text(_recipe_name(facts["recipe"]))),
        *[(key.replace("_", " "), page.text(value)) for key, value in _choices(facts["recipe"])],
        ("asked on the way", _asked(story)),
        ("steps done", page.text(_steps(story))),
        ("speed", page.text(_speed(story))),
        ("device", page.text(_device(facts["device"]))),
        ("versions", page.text(_pairs(facts["versions"]))),
        ("forms", page.text(_pairs(facts.get("forms", {})))),
        ("command", _code(facts.get("command"))),
        ("started", page.text(facts.get("created", ""))),
    ]
    return page.section("What made this run", page.table("facts", (), [r for r in rows if r[1]]))


def _split(data: Mapping[str, Any]) -> str:
    validation = f"{data['validation']:,} to validate, " if data["validation"] else ""
    origin = f" ({data['test_origin']})" if data.get("test_origin") else ""
    return f"{data['train']:,} to train, {validation}{data['test']:,} to test{origin}"


def _left_out(data: Mapping[str, Any]) -> str:
    excluded = data.get("excluded", [])
    if not excluded:
        return ""
    listed = [f"{page.name(e['path'])}: {page.text(e['reason'])}" for e in excluded[:MOST_LISTED]]
    if len(excluded) > MOST_LISTED:
        listed.append(f"and {len(excluded) - MOST_LISTED:,} more, in run.json")
    files = "file was" if len(excluded) == 1 else "files were"
    return f"<p>{len(excluded):,} {files} left out:</p>{page.items(listed)}"


def _looked_over(findings: Sequence[Mapping[str, Any]] | None) -> str:
    """What the doctor said before the training; "" where nobody asked."""
    if not findings:
        return "" if findings is None else "nothing was found"
    return page.items([page.text(one["says"]) for one in findings])


def _model(model: Mapping[str, Any]) -> str:
    shape = "x".join(str(side) for side in model["input_shape"])
    arguments = _pairs(model.get("arguments", {}))
    return (
        f"{model['name']}{f' ({arguments})' if arguments else ''}: "
        f"{f'{words}, ' if (words := begun(model)) else ''}"
        f"{model['parameters']:,} parameters, pictures {shape}"
    )


def _pixels(preprocess: Mapping[str, Any]) -> str:
    """What the network sees of 0 to 255; three numbers are for red, green and blue."""
    if "scale" not in preprocess:
        return ""
    words = f"times {_numbers(preprocess['scale'])}"
    offset = preprocess.get("offset", 0.0)
    return words if offset == 0 else f"{words}, plus {_numbers(offset)}"


def _numbers(value: float | Sequence[float]) -> str:
    each = [value] if isinstance(value, int | float) else value
    return " | ".join(f"{number:.6g}" for number in each)


def _recipe_name(recipe: Mapping[str, Any]) -> str:
    return f"{recipe['name']} ({recipe['source']})" if recipe.get("source") else str(recipe["name"])


def _choices(recipe: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The recipe's values that are set."""
    told = ("name", "source", "reported", "pixel_scale")
    chosen = [(key, value) for key, value in recipe.items() if key not in told]
    return [(key, _value(value)) for key, value in chosen if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        rest = {key: part for key, part in value.items() if key != "name"}
        return f"{value.get('name', '')} ({_pairs(rest)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {_value(value)}" for key, value in values.items())


def _steps(story: Story) -> str:
    total = story.total_steps
    done = story.result.steps if story.result else story.step
    why = story.result.reason if story.result else story.reason
    text = f"{done:,}" + (f" of {total:,}" if total else "") + (f": {why}" if why else "")
    again = ", ".join(f"{step:,}" for step in story.resumed)
    return text + (f"; resumed at step {again}" if again else "")


def _asked(story: Story) -> str:
    lines = told(story.interventions)
    listed = [page.text(line) for line in lines[:MOST_LISTED]]
    if len(lines) > MOST_LISTED:
        listed.append(f"and {len(lines) - MOST_LISTED:,} more, in events.jsonl")
    return page.items(listed) if listed else ""


def _speed(story: Story) -> str:
    if story.result is None:
        return ""
    speed = story.result.images_per_second
    each = f", {speed:,.0f} images/s after compilation, evaluation excluded" if speed else ""
    return f"{story.result.seconds:,.1f} s in updates{each}"


def _device(device: Mapping[str, Any]) -> str:
    name = device.get("name") if device.get("name") != device.get("kind") else ""
    cores = f"{device['cores']} cores" if device.get("cores") else ""
    parts = (device.get("kind"), name, device.get("processor"), cores, device.get("system"))
    return ", ".join(str(part) for part in parts if part)


def _code(command: object) -> str:
    return f"<code>{page.text(command)}</code>" if command else ""
