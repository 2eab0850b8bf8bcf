"""Runs that never happened: every number is a function of the run and the step."""

import base64
import io
import time
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

EVIL = "<script>document.title='owned'</script>\"'&"
LADDER = (
    ("softmax", 0.925, 7_850),
    ("mlp", 0.978, 185_300),
    ("mlp-relu", 0.9824, 185_300),
    ("mlp-dropout", 0.9817, 185_300),
    ("conv", 0.989, 122_270),
    ("conv-dropout", 0.9928, 244_076),
    ("mlp-bn", 0.9813, 185_690),
    ("mlp-relu-bn", 0.9842, 185_300),
    ("conv-bn", 0.9953, 708_362),
)
LAYERS = (
    "01-conv1/kernel",
    "02-bn1/beta",
    "03-conv2/kernel",
    "04-bn2/beta",
    "05-dense/kernel",
    "05-dense/bias",
    "06-softmax/kernel",
    "06-softmax/bias",
)


@cache
def digits(side: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits, drawn larger and moved about where more are asked for than there are."""
    data = load_digits()
    small = np.round(data.images * 255 / 16).astype(np.uint8)
    random = np.random.default_rng(0)
    chosen = np.arange(count) % len(small)
    images = np.zeros((count, side, side, 1), np.uint8)
    inner = side if side == 8 else round(side * 20 / 28)
    for place, index in enumerate(chosen):
        picture = np.asarray(Image.fromarray(small[index]).resize((inner, inner), Image.BICUBIC))
        most = side - inner
        top, left = random.integers(most // 4, most - most // 4 + 1, 2) if most else (0, 0)
        images[place, top : top + inner, left : left + inner, 0] = picture
    return images, data.target[chosen].astype(np.uint16)


@cache
def shapes(count: int, side: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Five kinds of coloured shapes on coloured grounds."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 5, count).astype(np.uint16)
    y, x = np.mgrid[:side, :side] / side - 0.5
    images = np.empty((count, side, side, 3), np.uint8)
    for i, label in enumerate(labels):
        dx, dy = random.uniform(-0.15, 0.15, 2)
        size = random.uniform(0.2, 0.35)
        u, v = x - dx, y - dy
        inside = (
            u**2 + v**2 < size**2,
            np.maximum(abs(u), abs(v)) < size,
            abs(u) + abs(v) < size,
            (v < size) & (v > 2 * abs(u) - size),
            np.minimum(abs(u), abs(v)) < size / 3,
        )[label]
        ground, ink = random.uniform(60, 240, (2, 3))
        ground = ground * (1 + 0.3 * y[..., None])
        noise = random.normal(0, 8, (side, side, 1))
        images[i] = np.clip(np.where(inside[..., None], ink, ground) + noise, 0, 255)
    return images, labels


@dataclass
class Made:
    """One run. `began` is None for a run that is over."""

    id: str
    name: str
    model: str = "conv-bn"
    data: str = "digits"
    steps: int = 10_000
    every: int = 20
    top: float = 0.98
    parameters: int = 132_362
    pictures: np.ndarray | None = None
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = tuple("0123456789")
    split: str = "validation"
    began: float | None = None
    rate: float = 60.0
    age: float = 0.0
    evaluate_every: int = 100
    answers_drawings: bool = False
    over: str = "finished"
    gone: bool = False
    marks: list[dict] = field(default_factory=list)
    cut_back: bool = False
    _paused_at: float | None = None
    _paused_for: float = 0.0
    _stopped: bool = False

    # What the run has come to

    def step(self) -> int:
        if self.began is None:
            return self.steps
        now = self._paused_at or time.time()
        return max(0, min(self.steps, int((now - self.began - self._paused_for) * self.rate)))

    def state(self) -> str:
        if self.began is None:
            return self.over
        return "finished" if self._stopped or self.step() >= self.steps else "running"

    def snapshots(self) -> list[int]:
        return [] if self.pictures is None else list(range(0, self.step() + 1, self.every))

    @property
    def total(self) -> int:
        return 0 if self.pictures is None else len(self.pictures)

    def accuracy(self, step: float) -> float:
        return self.top - (self.top - 0.1) * float(np.exp(-((step / (self.steps / 40)) ** 0.6)))

    def learning_rate(self, step: float) -> float:
        changed = [m["value"] for m in self.marks if m["request"] == "learning_rate"]
        return (
            (changed[-1] if changed else 0.003) * (1 + float(np.cos(np.pi * step / self.steps))) / 2
        )

    # Steering

    def steer(self, request: str, value: float | None) -> None:
        if request == "pause" and self._paused_at is None:
            self._paused_at = time.time()
        elif request == "resume" and self._paused_at is not None:
            self._paused_for += time.time() - self._paused_at
            self._paused_at = None
        elif request == "epochs":
            self.steps += int(100 * value)
        self.marks.append(
            {"step": self.step(), "request": request, "value": value, "source": "page"}
        )
        self._stopped = request == "stop"

    # Answers

    def row(self) -> dict:
        done = self.state() == "finished"
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state(),
            "data": self.data,
            "model": self.model,
            "parameters": self.parameters,
            "step": self.step(),
            "total_steps": self.steps,
            "created": time.strftime(
                "%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - self.age)
            ),
            "watched_accuracy": self.accuracy(self.step())
            if self.step() > self.evaluate_every
            else None,
            "test_accuracy": self.top - 0.002 if done else None,
        }

    def about(self) -> dict:
        shape = list(self.pictures.shape[1:]) if self.pictures is not None else [28, 28, 1]
        test = {
            "accuracy": self.top - 0.002,
            "low": self.top - 0.005,
            "high": self.top + 0.001,
            "loss": 0.08,
            "n": 10_000,
        }
        metrics = {
            "steps": self.steps,
            "reason": "all steps done",
            "seconds": 93.0,
            "images_per_second": 10_752.0,
            "validation": None,
            "test": test,
            "step_read": self.steps,
            "best_watched": self.top,
        }
        return {
            "version": 1,
            "id": self.id,
            "name": self.name,
            "state": self.state(),
            "read_only": False,
            "facts": {
                "created": "2026-11-21T02:43:14+00:00",
                "data": {"name": self.data, "classes": list(self.classes), "train": 60_000},
                "model": {"model": self.model, "input_shape": shape, "parameters": self.parameters},
                "recipe": {"watch": self.split, "batch_size": 100},
                "preprocess": {"height": shape[0], "width": shape[1], "channels": shape[2]},
            },
            "classes": list(self.classes),
            "metrics": metrics if self.state() == "finished" else None,
            "snapshots": self.snapshots(),
            "images": self.pictures is not None,
            "confusion": False,
        }

    def curves(self, after: int) -> dict:
        """The offset is the number of steps told, and of marks by the million."""
        restart, self.cut_back = self.cut_back or after == 0, False
        told, marks = (0, 0) if restart else (after % 10**9, after // 10**9)
        now = self.step()
        first = np.arange(told + 1, now + 1)
        stretch = max(1, -(-len(first) // 4_000)) if told == 0 else 1
        steps = first[stretch - 1 :: stretch]
        random = np.random.default_rng([now, told])
        true = np.array([self.accuracy(s) for s in steps]) if len(steps) else np.empty(0)
        accuracy = np.clip(true + random.normal(0, 0.02, len(steps)) / np.sqrt(stretch), 0, 1)
        loss = np.abs((1 - true) * 2.4 + random.normal(0, 0.04, len(steps))) + 6 * np.exp(
            -steps / 5
        )
        watched = [s for s in range(self.evaluate_every, now + 1, self.evaluate_every) if s > told]
        return {
            "version": 1,
            "offset": now + 10**9 * len(self.marks),
            "state": self.state(),
            "step": now,
            "total_steps": self.steps,
            "images_per_second": 10_752.0 + 300 * np.sin(now / 50)
            if self.state() == "running"
            else 10_752.0,
            "train": {
                "step": steps.tolist(),
                "loss": np.round(loss, 5).tolist(),
                "accuracy": np.round(accuracy, 4).tolist(),
                "rate": [self.learning_rate(s) for s in steps.tolist()],
            },
            "watched": {
                "step": watched,
                "loss": [(1 - self.accuracy(s)) * 2.6 + 0.02 for s in watched],
                "accuracy": [self._watched_accuracy(s) for s in watched],
            },
            "dropped": [],
            "snapshots": [s for s in self.snapshots() if s > told or told == 0],
            "marks": self.marks[marks:],
            "restart": restart,
        }

    def _watched_accuracy(self, step: int) -> float:
        if self.labels is None:
            return self.accuracy(step)
        return float((self._answers(step) == self.labels).mean())

    @cached_property
    def _difficulty(self) -> np.ndarray:
        return np.random.default_rng(5).uniform(0, 1, self.total)

    @cached_property
    def _second_choice(self) -> np.ndarray:
        moved = np.random.default_rng(6).integers(1, len(self.classes), self.total)
        # Most mistakes are between neighbours, so that the confusion matrix has a shape.
        moved = np.where(np.random.default_rng(7).uniform(size=self.total) < 0.6, 1, moved)
        return ((self.labels + moved) % len(self.classes)).astype(np.uint16)

    def _answers(self, step: int) -> np.ndarray:
        wrong = self._difficulty > self.accuracy(step)
        return np.where(wrong, self._second_choice, self.labels).astype(np.uint16)

    def all_bands(self, after: int) -> tuple[dict, dict]:
        steps = [s for s in self.snapshots() if s > after]
        each = [self._bands(s) for s in steps]
        count = len(LAYERS)
        norms = [self._norms(s) for s in steps]
        return {"variables": list(LAYERS)}, {
            "steps": np.array(steps, np.int32),
            "bands": np.array(each, np.float32).reshape(len(steps), count, 8),
            "weight_bands": np.array([b[0] for b in each], np.float32).reshape(-1, 8),
            "bias_bands": np.array([b[1] for b in each], np.float32).reshape(-1, 8),
            "logit_bands": np.array([b[4] * 20 for b in each], np.float32).reshape(-1, 8),
            "gradient_norms": np.array(norms, np.float32).reshape(len(steps), count),
        }

    def _norms(self, step: int) -> np.ndarray:
        random = np.random.default_rng([step, 3])
        return np.exp(
            -np.arange(len(LAYERS)) / 3 - step / self.steps * 2 + random.normal(0, 0.2, len(LAYERS))
        )

    def _bands(self, step: int) -> np.ndarray:
        spread = np.array([-2.2, -1.07, -0.57, -0.18, 0.18, 0.57, 1.07, 2.4])
        grown = 0.05 + 0.25 * (1 - np.exp(-step / (self.steps / 4)))
        size = grown * (1 + 0.2 * np.arange(len(LAYERS)))[:, None]
        drift = (-0.1 * np.arange(len(LAYERS)) * step / self.steps)[:, None] * 0.3
        return (spread * size + drift).astype(np.float32)

    def snapshot(self, step: int) -> tuple[dict, dict]:
        random = np.random.default_rng([step, 11])
        batch = random.integers(0, self.total, min(100, self.total))
        labels = self.labels[batch]
        wrong = random.uniform(size=len(batch)) > self.accuracy(step)
        bands = self._bands(step)
        sheet, cell = _sheet(self.pictures[batch])
        arrays = {
            "batch_labels": labels,
            "batch_confidence": random.integers(90, 256, len(batch)).astype(np.uint8),
            "batch_answers": np.where(wrong, self._second_choice[batch], labels).astype(np.uint16),
            "batch_sheet": sheet,
            "batch_cell": cell,
            "bands": bands,
            "sampled": np.array([n == 4 for n in range(len(LAYERS))], np.uint8),
            "weight_bands": bands[0],
            "bias_bands": bands[1],
            "logit_bands": bands[4] * 20,
            "gradient_norms": self._norms(step).astype(np.float32),
            "maps": self._maps(step),
            "pictures": self._kernels(step),
            "pictures_scale": np.array([0.004], np.float32),
        }
        seen = step // self.evaluate_every * self.evaluate_every
        if seen:
            confidence = np.clip(255 * (1 - 0.5 * self._difficulty), 0, 255).astype(np.uint8)
            arrays |= {
                "watched_answers": self._answers(seen),
                "watched_confidence": confidence,
                "watched_step": np.array([seen], np.int32),
            }
        return {"variables": list(LAYERS)}, arrays

    def _maps(self, step: int) -> np.ndarray:
        random = np.random.default_rng(8)
        picture = self.pictures[0].mean(-1) / 255
        maps = []
        for _ in range(12):
            angle = random.uniform(0, 2 * np.pi) + step / self.steps
            slope = np.cos(angle) * np.gradient(picture, axis=0) + np.sin(angle) * np.gradient(
                picture, axis=1
            )
            maps.append(np.clip(128 + 400 * slope, 0, 255))
        return np.array(maps).astype(np.uint8)

    def _kernels(self, step: int) -> np.ndarray:
        random = np.random.default_rng(9)
        start, end = random.normal(0, 40, (2, 12, 6, 6, self.pictures.shape[-1]))
        end = (end + np.roll(end, 1, 1) + np.roll(end, 1, 2)) * 0.8
        share = step / self.steps
        return np.clip(start * (1 - share) + end * share, -127, 127).astype(np.int8)

    def answer(self, body: bytes, step: int) -> dict:
        """The nearest pictures vote; that is enough to see bars move."""
        drawn = np.frombuffer(body, np.uint8).astype(np.float32)
        known = self.pictures[:1_500].reshape(min(1_500, self.total), -1).astype(np.float32)
        near = np.argsort(((known - drawn) ** 2).sum(1))[:15]
        votes = np.bincount(self.labels[near], minlength=len(self.classes)) + 0.05
        return {"probabilities": (votes / votes.sum()).tolist(), "step": step}

    def printed(self, step: int) -> dict:
        """The first 24 pictures; fewer are taken for the next class the longer it has learned."""
        wrong = int(24 * (1 - self.accuracy(step)))
        labels = self.labels[:24].astype(int)
        answers = np.where(np.arange(24) < wrong, (labels + 1) % len(self.classes), labels)
        pixels = np.ascontiguousarray(self.pictures[:24])
        return {
            "pixels": base64.b64encode(pixels.tobytes()).decode(),
            "shape": pixels.shape,
            "labels": labels.tolist(),
            "answers": answers.tolist(),
            "step": step,
        }


def _sheet(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = min(32, pictures.shape[1])
    kind = "L" if pictures.shape[-1] == 1 else "RGB"
    sheet = Image.new(kind, (10 * side, side * -(-len(pictures) // 10)))
    for i, picture in enumerate(pictures):
        cell = Image.fromarray(picture.squeeze()).resize((side, side), Image.BILINEAR)
        sheet.paste(cell, (i % 10 * side, i // 10 * side))
    file = io.BytesIO()
    sheet.save(file, "jpeg", quality=90)
    return np.frombuffer(file.getvalue(), np.uint8), np.array([side, side], np.int32)


def made_up_runs(began: float) -> dict[str, Made]:
    small, small_labels = digits(8, 1_797)
    large, large_labels = digits(28, 10_000)
    colour, colour_labels = shapes(400)
    names = ("circle", "square", "diamond", "triangle", "cross")
    runs = [
        Made(
            "live",
            "2026-11-21-digits-conv-bn",
            pictures=small,
            labels=small_labels,
            began=began,
            steps=40_000,
            every=60,
            age=60,
            answers_drawings=True,
        ),
        Made(
            "long",
            "2026-11-20-mnist-conv-bn",
            data="mnist",
            pictures=large,
            labels=large_labels,
            steps=10_000,
            every=20,
            age=90_000,
            split="test",
            top=0.985,
            marks=[{"step": 4_000, "request": "learning_rate", "value": 0.001, "source": "page"}],
            answers_drawings=True,
        ),
        Made(
            "colour",
            "2026-11-19-shapes-residual",
            data="shapes",
            model="residual",
            pictures=colour,
            labels=colour_labels,
            classes=names,
            steps=1_000,
            every=50,
            top=0.93,
            age=200_000,
            evaluate_every=50,
            answers_drawings=True,
        ),
        Made(
            "evil",
            EVIL,
            data=EVIL,
            model=EVIL,
            pictures=colour[:60],
            labels=colour_labels[:60],
            classes=(EVIL, "<b>bold</b>", '"quoted"', "a & b", "日本語の名前"),
            steps=200,
            every=50,
            top=0.6,
            age=300_000,
        ),
        Made(
            "many",
            "2026-11-18-sixty-classes",
            data="sixty",
            pictures=colour,
            labels=(np.arange(len(colour)) % 60).astype(np.uint16),
            classes=tuple(f"class {i}" for i in range(60)),
            steps=200,
            every=50,
            top=0.7,
            age=250_000,
        ),
        Made(
            "new",
            "2026-11-21-flowers-transfer",
            data="flowers",
            model="transfer",
            age=2,
            began=1e12,
        ),
        Made(
            "old",
            "2026-10-02-digits-softmax",
            model="softmax",
            parameters=650,
            steps=500,
            top=0.93,
            age=4_000_000,
        ),
        Made(
            "broken",
            "2026-10-01-digits-mlp",
            model="mlp",
            over="failed",
            steps=120,
            top=0.3,
            age=4_100_000,
        ),
        *(
            Made(
                f"ladder-{n}",
                f"ladder/{n}",
                model=n,
                top=top,
                parameters=size,
                data="mnist",
                steps=6_000,
                age=500_000 + 60 * i,
            )
            for i, (n, top, size) in enumerate(LADDER)
        ),
    ]
    return {run.id: run for run in runs}
