"""Faults that somebody could make, each one literal: in a file, this text becomes that.

A group names the file under src/saccade and the fast tests that touch it, as pytest takes them; its
own doctests run too. Together they should take well below the limit of 90 seconds.
Golden hashes (test_determinism) are in no group: they see any change, and say nothing about truth.
A fault that changes nothing that can be observed is no fault: take it out, or put a real one there.
"""

Fault = tuple[str, str]

_ENGINE = (
    "tests/train/test_engine.py",
    "tests/models/test_reference.py",
    "-k",
    "engine and not alike and not forms1 or told or softmax or conv-bn-3",
)
_FORWARD = ("tests/models/test_forward.py", "tests/models/test_slopes.py", "-k", "not compiled")
_RECIPE = ("tests/train/test_recipe.py",)
_PREPROCESS = ("tests/core/test_preprocess.py", "tests/core/test_decode.py")

GROUPS: list[tuple[str, tuple[str, ...], list[Fault]]] = [
    (
        "train/engine.py",
        _ENGINE,
        [
            # A chunk and its steps.
            ("dynamic_index_in_dim(ids, k, keepdims", "dynamic_index_in_dim(ids, k + 1, keepdims"),
            (
                "state, batch, rates[k], first + k, key, last",
                "state, batch, rates[0], first + k, key, last",
            ),
            (
                "state, batch, rates[k], first + k, key, last",
                "state, batch, rates[k], k, key, last",
            ),
            ("np.float32(rates[k]), np.int32(first + k)", "np.float32(rates[k]), np.int32(k)"),
            ("losses.at[k].set(loss)", "losses.at[0].set(loss)"),
            ("last = k == count - 1", "last = k == 0"),
            ("self.recipe.initialization, self.recipe.seed)", "self.recipe.initialization, 0)"),
            (
                "jax.random.key(seed)\n\n            def body",
                "jax.random.key(0)\n\n            def body",
            ),
            ("self.recipe, jax.random.fold_in(key, step)", "self.recipe, key"),
            # An update.
            ("Mode(training=True, key=key", "Mode(training=False, key=key"),
            ("augment(recipe.augment, batch.pixels", "augment((), batch.pixels"),
            ("recipe.label_smoothing).mean()", "recipe.label_smoothing).sum()"),
            ("return loss + self._penalty(weights), (loss, logits", "return loss, (loss, logits"),
            ("(loss, logits, updates)\n\n", "(loss + self._penalty(weights), logits, updates)\n\n"),
            ("if recipe.clip_norm is not None:", "if False:"),
            (
                "= rate.astype(optimizer[self._rate_position].dtype)",
                "= optimizer[self._rate_position]",
            ),
            ("{**state.weights, **updates, **moved}", "{**state.weights, **moved}"),
            ("(logits.argmax(1) == batch.labels)", "(logits.argmin(1) == batch.labels)"),
            (
                "State(weights, list(optimizer), average)",
                "State(weights, state.optimizer, average)",
            ),
            (
                "self._averaged(state.average, weights, step)",
                "self._averaged(state.average, state.weights, step)",
            ),
            (
                "jnp.minimum(self.recipe.ema, (1.0 + step)",
                "jnp.maximum(self.recipe.ema, (1.0 + step)",
            ),
            ("return self.average or self.weights", "return self.weights"),
            # Penalties, clipping, loss.
            (
                "self.recipe.l1 * l1 + self.recipe.l2 * l2",
                "self.recipe.l2 * l1 + self.recipe.l1 * l2",
            ),
            (
                'for name in self.trainable if name.endswith("/kernel")]',
                "for name in self.trainable]",
            ),
            ("jnp.stack([jnp.sqrt(jnp.square(slope).sum())", "jnp.stack([jnp.square(slope).sum()"),
            ("factor = jnp.minimum(1.0, most", "factor = jnp.maximum(1.0, most"),
            (
                "factor = jnp.minimum(1.0, most / jnp.maximum(length, 1e-12))",
                "factor = most / length",
            ),
            ("(1 - smoothing) * losses - smoothing", "losses - smoothing"),
            ("smoothing * log_probabilities.mean(1)", "smoothing * log_probabilities.sum(1)"),
            # Answers.
            ("* self.preprocess.scale + self.preprocess.offset", "* self.preprocess.scale"),
            (
                "* self.preprocess.scale + self.preprocess.offset",
                "* (1 / 255) + self.preprocess.offset",
            ),
            ("jnp.pad(part, ((0, short), (0, 0)", "jnp.pad(part, ((short, 0), (0, 0)"),
        ],
    ),
    (
        "train/optimizer.py",
        ("tests/train/test_engine.py", "-k", "descent or decay or adam or rmsprop or the_rate"),
        [
            ('var_names=["bias", "beta", "gamma"]', 'var_names=["bias"]'),
            ('var_names=["bias", "beta", "gamma"]', 'var_names=["beta", "gamma"]'),
            ("kinds.Adam(rate, epsilon=recipe.epsilon,", "kinds.Adam(rate,"),
            ("momentum=recipe.momentum, nesterov", "momentum=0.0, nesterov"),
            ("nesterov=recipe.nesterov", "nesterov=False"),
            ("rho=recipe.rho", "rho=0.99"),
            ("weight_decay=recipe.weight_decay)", "weight_decay=0.004)"),
        ],
    ),
    (
        "train/schedule.py",
        _RECIPE,
        [
            ("math.exp(-step / self.decay_steps)", "math.exp(-(step + 1) / self.decay_steps)"),
            ("return self.floor + self.rate * math.exp", "return self.rate * math.exp"),
            ("min(1.0, (step + 1) / rising)", "min(1.0, step / rising)"),
            ("(1 + math.cos(math.pi * share)) / 2", "math.cos(math.pi * share / 2)"),
            (
                "max(total - rising, 1)\n        return self.rate * (1 + math.cos",
                "max(total, 1)\n        return self.rate * (1 + math.cos",
            ),
            ("(1 - self.start) * step / rising", "(1 - self.start) * (step + 1) / rising"),
            ("(1 + (self.end - 1) * share)", "(1 - share)"),
            ("(step // self.drop_every)", "(step / self.drop_every)"),
            ("(step // self.drop_every)", "((step + 1) // self.drop_every)"),
        ],
    ),
    (
        "train/recipe.py",
        _RECIPE,
        [
            ("(step + 1) / self.warmup_steps", "step / self.warmup_steps"),
            ("max(1, steps, self.least_steps)", "max(1, steps)"),
            ("math.ceil(self.epochs * train_images", "math.floor(self.epochs * train_images"),
            (
                "math.ceil(self.total_steps(train_images) / self.epochs)",
                "math.ceil(train_images / self.batch_size)",
            ),
        ],
    ),
    (
        "train/order.py",
        ("tests/train/test_order.py",),
        [
            ('epoch if shuffle == "every epoch" else 0', "epoch"),
            ('epoch if shuffle == "every epoch" else 0', "0"),
            ("begin = start - epochs[0] * images", "begin = 0"),
            ("default_rng((seed, epoch))", "default_rng(epoch)"),
            ("default_rng((seed, epoch))", "default_rng(seed + epoch)"),
            (".permutation(images).astype", ".integers(0, images, images).astype"),
            ("first * batch_size, (first + count)", "first * batch_size + 1, 1 + (first + count)"),
        ],
    ),
    (
        "data/split.py",
        ("tests/data/test_split.py",),
        [
            ("rng.permutation(np.flatnonzero(labels == label))", "np.flatnonzero(labels == label)"),
            (
                "min(max(round(share * len(ids)), 1), len(ids) - 1)",
                "max(round(share * len(ids)), 1)",
            ),
            ("max(round(share * len(ids)), 1)", "round(share * len(ids))"),
            ("(left[counts[group] > 0] > counts", "(left[counts[group] > 0] >= counts"),
            ("if not held.any():", "if False:"),
        ],
    ),
    (
        "train/augment.py",
        ("tests/train/test_augment.py",),
        [
            ("(count, 2), -self.most, self.most + 1)", "(count, 2), -self.most, self.most)"),
            (
                "rows = jnp.arange(height)[None, :, None] - moves",
                "rows = jnp.arange(height)[None, :, None] + moves",
            ),
            ("math.radians(self.degrees)", "self.degrees"),
            ("/ factor + (height - 1) / 2", "* factor + (height - 1) / 2"),
            ("y - down * height, x - right * width", "y - down * width, x - right * height"),
            ("(1 - jnp.abs(rows - r)) * (1 -", "(1 - jnp.square(rows - r)) * (1 -"),
            ("inside = (r >= 0) & (r < height) &", "inside ="),
            ("bernoulli(key, 0.5, (count,))", "bernoulli(key, 0.1, (count,))"),
            ("(1 - share) * (height - 1) * down", "(1 - share) * height * down"),
            ("draw(jax.random.fold_in(key, i)", "draw(key"),
        ],
    ),
    (
        "core/preprocess.py",
        _PREPROCESS,
        [
            ('if self.fit == "crop" else None', 'if self.fit == "stretch" else None'),
            ("scale = min(width / self.width", "scale = max(width / self.width"),
            ("(width - across) / 2, (height - down) / 2", "0.0, (height - down) / 2"),
            ("Image.Resampling.BILINEAR", "Image.Resampling.NEAREST"),
            ("image.size != (self.width, self.height)", "image.size != (self.height, self.width)"),
            ('image.convert("L")', "image.getchannel(1)"),
            ("at_least=2 * max(self.height, self.width)", "at_least=1"),
        ],
    ),
    (
        "core/decode.py",
        ("tests/core/test_decode.py",),
        [
            ("image = ImageOps.exif_transpose(image)", "pass"),
            ("(values / 257)", "(values / 256)"),
            ('image.size, "white")', 'image.size, "black")'),
            ("_orientation(image) == 1:", "_orientation(image) >= 1:"),
        ],
    ),
    (
        "train/metrics.py",
        ("tests/train/test_metrics.py",),
        [
            (
                "(predictions.labels, predictions.answers)",
                "(predictions.answers, predictions.labels)",
            ),
            ("hits / answered if answered", "hits / support if answered"),
            ("2 * hits / (answered + support)", "hits / (answered + support)"),
            ("if answered + support else None", "if answered else None"),
        ],
    ),
    (
        "core/records.py",
        ("tests/core/test_records.py", "tests/train/test_metrics.py"),
        [
            (
                "shifted = self.logits - self.logits.max(axis=1, keepdims=True)",
                "shifted = self.logits",
            ),
            ("float(self.losses.mean())", "float(np.median(self.losses))"),
            ("self.logits.argmax(axis=1)", "self.logits.argsort(axis=1)[:, -1]"),
            ("self.correct / len(self)", "self.correct / max(len(self) - 1, 1)"),
            ("[self.names[i] for i in ids]", "[self.names[i] for i in sorted(ids)]"),
        ],
    ),
    (
        "core/interval.py",
        ("tests/core/test_interval.py",),
        [
            ("(1 + confidence) / 2", "confidence"),
            ("z * z / (4 * n * n)", "z * z / (4 * n)"),
        ],
    ),
    (
        "train/fit.py",
        ("tests/train/test_fit.py",),
        [
            ("replace(dataset.preprocess, scale=recipe.pixel_scale)", "dataset.preprocess"),
            (
                "train, validation = hold_out(dataset.train,",
                "validation, train = hold_out(dataset.train,",
            ),
            (
                "images, recipe.batch_size, first, count, seed=recipe.seed",
                "images, recipe.batch_size, first, count, seed=0",
            ),
            ("weights, step = self.best.weights, self.best.step", "step = self.best.step"),
            ("rates = self.steering.rates(first, count)", "rates = self.steering.rates(0, count)"),
            ("np.argsort(-certainty", "np.argsort(certainty"),
            (
                'if recipe.watch == "test" else dataset.validation',
                "if True else dataset.validation",
            ),
        ],
    ),
    (
        "train/standing.py",
        ("tests/train/test_fit.py",),
        [
            (
                "(predictions.accuracy, -predictions.loss) >",
                "(predictions.accuracy, predictions.loss) >",
            ),
            ("self.steps, self.losses, self.accuracies = 0, 0.0, 0.0\n", "pass\n"),
            ("self.accuracies += accuracy", "self.accuracies = accuracy"),
        ],
    ),
    (
        "models/forward.py",
        _FORWARD,
        [
            ("part.array / (1 - rate), 0)", "part.array, 0)"),
            ("bernoulli(run.key(node), 1 - rate,", "bernoulli(run.key(node), rate,"),
            ("fold_in(self.mode.key, node.position)", "fold_in(self.mode.key, 0)"),
            (
                "run.weights[name] * momentum + value * (1 - momentum)",
                "run.weights[name] * (1 - momentum) + value * momentum",
            ),
            (
                "(1.0 + run.mode.step) / (10.0 + run.mode.step)",
                "run.mode.step / (10.0 + run.mode.step)",
            ),
            ("lax.rsqrt(variance + layer.epsilon) * gamma", "lax.rsqrt(variance) * gamma"),
            (
                "[jnp.zeros_like(logits), logits], axis=1",
                "[logits, jnp.zeros_like(logits)], axis=1",
            ),
            (
                "return Activation(x.array * scale + offset, x.last)",
                "return Activation((x.array + offset) * scale, x.last)",
            ),
        ],
    ),
    (
        "models/normalise.py",
        ("tests/models/test_normalise.py",),
        [
            ("shrink = lax.rsqrt(variance + epsilon)", "shrink = lax.rsqrt(variance)"),
            ("- of_y.reshape(each) - x * along)", "- of_y.reshape(each))"),
            ("of_scaled * count, of_y", "of_scaled, of_y"),
            ("total / _places(parts, channel)", "total / (_places(parts, channel) - 1)"),
        ],
    ),
    (
        "models/patches.py",
        _FORWARD,
        [
            ("total // 2, total - total // 2", "total - total // 2, total // 2"),
            (
                'if padding == "valid":\n        return total / ',
                "if True:\n        return total / ",
            ),
            ("outside=-jnp.inf", "outside=0"),
        ],
    ),
    (
        "models/direct.py",
        ("tests/models/test_direct.py", "tests/models/test_slopes.py"),
        [
            ("total = total + jax.vjp(plain, kernel)", "total = jax.vjp(plain, kernel)"),
            ("for i in reversed(range(kernel)) if", "for i in range(kernel) if"),
            ("(remainder + before - i) % stride == 0", "(remainder - i) % stride == 0"),
        ],
    ),
    (
        "models/initialize.py",
        ("tests/models/test_initialize.py",),
        [
            ("np.float32(deviation / _CUT)", "np.float32(deviation)"),
            ("receptive * shape[-2], receptive * shape[-1]", "shape[-2], shape[-1]"),
            ("math.sqrt(3) * deviation", "deviation"),
            ('"fan_avg": (fan_in + fan_out) / 2', '"fan_avg": fan_in'),
            ("np.abs(values) > 2", "np.abs(values) > 3"),
        ],
    ),
]
