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
_LOSS = (
    "tests/train/test_engine.py",
    "tests/train/test_augment.py",
    "-k",
    "penalties or smoothing or weights_of or loss",
)
_FORWARD = ("tests/models/test_forward.py", "-k", "not compiled and not parts_of")
_PASSES = ("tests/models/test_forward.py", "-k", "logits or dropout or only_has or classes")
_RECIPE = ("tests/train/test_recipe.py",)
_PREPROCESS = ("tests/core/test_preprocess.py", "tests/core/test_decode.py")

GROUPS: list[tuple[str, tuple[str, ...], list[Fault]]] = [
    (
        "train/engine.py",
        _ENGINE,
        [
            # A chunk and its steps.
            ("dynamic_index_in_dim(ids, k, keepdims", "dynamic_index_in_dim(ids, k + 1, keepdims"),
            ("train, rows, rates[k], first + k,", "train, rows, rates[0], first + k,"),
            ("train, rows, rates[k], first + k,", "train, rows, rates[k], k,"),
            ("np.float32(rates[k]), np.int32(first + k)", "np.float32(rates[k]), np.int32(k)"),
            ("losses.at[k].set(loss)", "losses.at[0].set(loss)"),
            ("key, k == count - 1", "key, k == 0"),
            ("self.recipe.initialization, self.recipe.seed)", "self.recipe.initialization, 0)"),
            ("jax.random.key(seed), self._updater", "jax.random.key(0), self._updater"),
            # Answers.
            ("astype(jnp.float32) * scale + offset", "astype(jnp.float32) * scale"),
            ("astype(jnp.float32) * scale + offset", "astype(jnp.float32) / 255 + offset"),
            ("jnp.pad(part, ((0, short), *", "jnp.pad(part, ((short, 0), *"),
        ],
    ),
    (
        "train/update.py",
        _ENGINE,
        [
            ("step, jax.random.fold_in(key, step))", "step, key)"),
            ("training=True,", "training=False,"),
            ("augment(recipe.augment, batch.pixels", "augment((), batch.pixels"),
            ("losses * batch.weights).mean()", "losses * batch.weights).sum()"),
            ("beside + penalty(kernels, recipe.l1, recipe.l2)", "beside"),
            ("(loss, logits, run.updates)\n\n", "(total, logits, run.updates)\n\n"),
            (
                'for name in names if name.endswith("/kernel")]',
                "for name in names]",
            ),
            ("if recipe.clip_norm is not None:", "if False:"),
            (
                "= rate.astype(optimizer[position].dtype)",
                "= optimizer[position]",
            ),
            ("{**state.weights, **learned.moved, **stepped}", "{**state.weights, **stepped}"),
            ("(logits.argmax(1) == batch.labels)", "(logits.argmin(1) == batch.labels)"),
            (
                "State(weights, list(optimizer), average)",
                "State(weights, state.optimizer, average)",
            ),
            (
                "averaged(moving, weights, recipe.ema, step)",
                "averaged(moving, state.weights, recipe.ema, step)",
            ),
        ],
    ),
    (
        "train/accumulate.py",
        ("tests/train/test_accumulate.py",),
        [
            ("(sum / self.parts)", "sum"),
            ("_sum(total, one(divided[k], k))", "one(divided[k], k)"),
            ("jax.random.fold_in(key, k))", "key)"),
            ("one(divided[k], k))", "one(divided[0], k))"),
            ("seed, part, step, k)", "seed, rows, step, k)"),
        ],
    ),
    (
        "train/resizing.py",
        ("tests/train/test_resizing.py",),
        [
            ("WHOLE_FROM = 0.8", "WHOLE_FROM = 1.0"),
            ("(1 - grow_from) * stage / SMALLER", "(1 - grow_from) * stage"),
            ('shape, "linear")', 'shape, "nearest")'),
            ("min(shape) > 0", "min(shape) >= 0"),
        ],
    ),
    (
        "train/muon.py",
        ("tests/train/test_muon.py",),
        [
            ("not in self.matrices", "in self.matrices"),
            ("slope + self.momentum * momentum).reshape", "momentum + 0.0).reshape"),
            ("reshape(-1, slope.shape[-1])", "reshape(slope.shape[0], -1)"),
            ("self.momentum * momentum + slope", "momentum + slope"),
        ],
    ),
    (
        "train/views.py",
        ("tests/train/test_views.py",),
        [
            ("- np.log(len(views))", "- 0"),
            ("np.logaddexp.reduce(each)", "np.mean(each, 0)"),
            ("1 - down : 1 - down", "1 + down : 1 + down"),
        ],
    ),
    (
        "models/precision.py",
        ("tests/train/test_precision.py",),
        [
            ('if precision == "bfloat16" else array', "if False else array"),
            ("return AutocastScope(precision)", "return nullcontext()"),
        ],
    ),
    (
        "train/state.py",
        _ENGINE,
        [
            ("jnp.minimum(ema, (1.0 + step)", "jnp.maximum(ema, (1.0 + step)"),
            ("keep + weights[name] * (1 - keep)", "keep + weights[name]"),
            ("return self.average or self.weights", "return self.weights"),
        ],
    ),
    (
        "train/layout.py",
        _ENGINE,
        [
            ("if v.trainable]", "]"),
            ("v is rate)", "v is not rate)"),
            ("a.T if name in self.turned", "a if name in self.turned"),
        ],
    ),
    (
        "train/divergence.py",
        ("tests/train/test_divergence.py",),
        [
            ("good[-1] &= np.isfinite(chunk.slopes).all()", "pass"),
            ("bad = int(np.argmin(good))", "bad = 0"),
            ("step {first + bad + 1:,}", "step {first + bad:,}"),
        ],
    ),
    (
        "train/loss.py",
        (
            "tests/train/test_engine.py",
            "tests/train/test_augment.py",
            "-k",
            "penalties or smoothing or weights_of or loss",
        ),
        [
            ("l1 * absolute + l2 * square", "l2 * absolute + l1 * square"),
            ("(1 - smoothing) * losses - smoothing", "losses - smoothing"),
            ("smoothing * log_probabilities.mean(1)", "smoothing * log_probabilities.sum(1)"),
            ("losses = mix.share * losses + (1 - mix.share) * others", "pass"),
            ("labels[mix.other], smoothing", "labels, smoothing"),
            ("len(counts) * counts[index]", "counts[index]"),
        ],
    ),
    (
        "train/slopes.py",
        ("tests/train/test_engine.py", "-k", "clipping or lengths"),
        [
            ("jnp.stack([jnp.sqrt(jnp.square(slope).sum())", "jnp.stack([jnp.square(slope).sum()"),
            ("factor = jnp.minimum(1.0, most", "factor = jnp.maximum(1.0, most"),
            (
                "factor = jnp.minimum(1.0, most / jnp.maximum(length, 1e-12))",
                "factor = most / length",
            ),
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
            ("seed=recipe.seed,", "seed=0,"),
            ('labels if recipe.balance == "sampling" else None', "None"),
            ("permutation(ids) for _ in range(-(-share // len(ids)))", "permutation(ids)"),
            ("first * batch_size, (first + count)", "first * batch_size + 1, 1 + (first + count)"),
        ],
    ),
    (
        "train/resident.py",
        ("tests/train/test_resident.py",),
        [
            ("[: len(ids)] = self.pixels[ids]", "[: len(ids)] = self.pixels[np.sort(ids)]"),
            ("jnp.asarray(self.labels[rows])", "jnp.asarray(self.labels[rows * 0])"),
            ("jnp.asarray(self.weights[rows])", "jnp.asarray(self.weights[: len(rows)])"),
            ("return max(1, BLOCK_BYTES // batch_bytes)", "return BLOCK_BYTES // batch_bytes"),
        ],
    ),
    (
        "core/rows.py",
        ("tests/train/test_resident.py",),
        [("return Rows(self.array, self.positions[ids])", "return Rows(self.array, ids)")],
    ),
    (
        "doctor/pictures.py",
        ("tests/doctor/test_quick.py", "-k", "not training"),
        [
            ('"" if alike else digest', "digest"),
            ("for start in range(0, len(split), TOGETHER)", "for start in range(0, 1, TOGETHER)"),
            ('"validation": held.validation, "test": held.test', '"test": held.train'),
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
        "train/geometry.py",
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
            ("x = x - shear * y", "x = x - shear * x"),
            ('if self.edge == "nearest":', "if False:"),
            ('return moved if self.edge == "nearest" else ', "return "),
            ("half = self.share * min(height, width) / 2", "half = self.share * width"),
        ],
    ),
    (
        "train/augment.py",
        ("tests/train/test_augment.py",),
        [
            ("draw(jax.random.fold_in(key, i)", "draw(key"),
        ],
    ),
    (
        "train/colour.py",
        ("tests/train/test_augment.py",),
        [
            ("images.astype(jnp.float32) + added", "images.astype(jnp.float32) * added"),
            ("images.mean((1, 2), keepdims=True)", "images.mean(keepdims=True)"),
            ("minval=self.least, maxval=self.most", "minval=0, maxval=self.most"),
        ],
    ),
    (
        "train/randaugment.py",
        ("tests/train/test_randaugment.py",),
        [
            (
                "jax.random.randint(what, shape, 0, len(OPERATIONS))",
                "jax.random.randint(what, shape, 1, 14)",
            ),
            ("jax.random.rademacher(way, shape, jnp.float32)", "jnp.ones(shape)"),
            ("drawn.signs[:, i] * self.magnitude", "drawn.signs[:, i]"),
            ('by("translate-y", MOVE) * height', 'by("translate-y", MOVE) * width'),
            ('by("shear-y", SHEAR) * x', 'by("shear-y", SHEAR) * y'),
            ("other + factors[:, None, None, None] * (images - other)", "other"),
            ("(around + 4 * images[:, 1:-1, 1:-1]) / 13", "around / 9"),
            (
                "images.at[:, 1:-1, 1:-1].set(inner)",
                "jnp.pad(inner, ((0, 0), (1, 1), (1, 1), (0, 0)))",
            ),
            ("grey.mean((1, 2, 3), keepdims=True)", "grey.mean(keepdims=True)"),
            ("256 * (1 - magnitude)", "256 * magnitude"),
            ("2.0 ** round(BITS * magnitude)", "2.0 ** BITS"),
            ("below = histogram.cumsum(2) - histogram", "below = histogram.cumsum(2)"),
            ("(below + step // 2)", "below"),
        ],
    ),
    (
        "doctor/changes.py",
        ("tests/doctor/test_changes.py", "-k", "exchange or drawings or lost"),
        [
            ("if stands_out(one, other) and stands_out(other, one)", "if stands_out(one, other)"),
            ("max(TAKEN, APART * of_rest)", "TAKEN"),
            ("            known[one]\n            and ", "            "),
            ("which = (now != was) & surely", "which = now != was"),
            ("newly[one, other] // len(after), gone", "newly[one, other], gone"),
            (
                "if before.accuracy < KNOWN:\n        return False",
                "if False:\n        return False",
            ),
            ("mean / n < bound and", "mean / n > bound and"),
            ("[*_in_turns(warned), *_in_turns(each_class)]", "_in_turns(each_class)"),
        ],
    ),
    (
        "train/mixing.py",
        ("tests/train/test_augment.py",),
        [
            ("(1 - share) * images[mix.other], mix", "(1 - share) * images, mix"),
            ("mix._replace(share=share)", "mix"),
            ("half = jnp.sqrt(1 - mix.share) / 2", "half = jnp.sqrt(mix.share) / 2"),
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
            ("if orientation in (3, 4, 7, 8):", "if orientation in (3, 4):"),
            ('raise BadPicture("truncated", str(error)) from None', "pass"),
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
            ("np.argsort(-certainty", "np.argsort(certainty"),
        ],
    ),
    (
        "core/interval.py",
        ("tests/core/test_interval.py",),
        [
            ("inv_cdf((1 + confidence) / 2)", "inv_cdf(confidence)"),
            ("student_quantile((1 + confidence) / 2,", "student_quantile(confidence,"),
            ("z * z / (4 * n * n)", "z * z / (4 * n)"),
            ("below += (factor * share - low) ** 2", "below += (factor * share - high) ** 2"),
            ("sorted(factor * edge for edge", "sorted(edge for edge"),
        ],
    ),
    (
        "train/fit.py",
        ("tests/train/test_fit.py",),
        [
            ("replace(dataset.preprocess, scale=scale, offset=offset)", "dataset.preprocess"),
            ("weights, step = self.best.weights, self.best.step", "step = self.best.step"),
            ("rates = self.steering.rates(first, count)", "rates = self.steering.rates(0, count)"),
            ("getattr(dataset, recipe.watch)", "dataset.test"),
        ],
    ),
    (
        "train/prepare.py",
        ("tests/train/test_fit.py",),
        [
            (
                "train, validation = hold_out(dataset.train,",
                "validation, train = hold_out(dataset.train,",
            ),
            ("recipe if original and dataset.name ==", "recipe if original or dataset.name =="),
        ],
    ),
    (
        "train/features.py",
        ("tests/train/test_features.py", "-k", "not fit_tells"),
        [
            ("values[row] = segment[there]", "values[row] = segment[0]"),
            (
                "values[rows] = self.compute(pixels[rows])",
                "values[rows] = self.compute(pixels[:1])",
            ),
            (
                "self._keep(digests[new], values[new])",
                "self._keep(digests[new], values[: len(new)])",
            ),
            ('if key != "name"}', "}"),
            ('scaling["offset"]]', 'scaling["scale"]]'),
            ("[VERSION, computed_by, scaling", "[VERSION, scaling"),
            ("np.ascontiguousarray(weights[name]).tobytes()", 'b""'),
            (
                "key=lambda path: path.stat().st_mtime, reverse=True",
                "key=lambda path: path.stat().st_mtime",
            ),
        ],
    ),
    (
        "models/frozen.py",
        ("tests/models/test_frozen.py",),
        [
            ("earliest >= position:", "True:"),
            ("bool(node.weights) and node.layer.trainable", "False"),
            ("(drawn and _rate(node) != 0)", "drawn"),
            ("return position if some and", "return position if"),
        ],
    ),
    (
        "models/transfer.py",
        ("tests/models/test_transfer.py", "-k", "not photographs"),
        [
            ("with_kernels[len(with_kernels) - count :]", "with_kernels[:count]"),
            ("            layer.rate = 0.0", "            pass"),
            ('kinds.index("Dense")', 'kinds.index("Flatten")'),
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
        _PASSES,
        [
            (
                "[jnp.zeros_like(logits), logits], axis=1",
                "[logits, jnp.zeros_like(logits)], axis=1",
            ),
            ("jnp.split(whole.batch_first(), ends)", "jnp.split(whole.batch_first()[::-1], ends)"),
        ],
    ),
    (
        "models/activation.py",
        _PASSES,
        [
            ("fold_in(self.mode.key, node.position)", "fold_in(self.mode.key, 0)"),
            ("return name in ELEMENTWISE and getattr", "return getattr"),
        ],
    ),
    (
        "models/lowerings.py",
        _FORWARD,
        [
            ("part.array / (1 - rate), 0)", "part.array, 0)"),
            ("drawn >= round(rate * 2**bits)", "drawn >= round((1 - rate) * 2**bits)"),
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
                "return Activation(x.array * scale + offset, x.last)",
                "return Activation((x.array + offset) * scale, x.last)",
            ),
        ],
    ),
    (
        "models/weight_norm.py",
        ("tests/models/test_weight_norm.py",),
        [
            ("range(len(direction.shape) - 1))", "range(len(direction.shape)))"),
            ("ops.sum(ops.square(direction), inputs)", "ops.sum(ops.abs(direction), inputs)"),
            ('"bias": -mean * gamma}', '"bias": -mean}'),
            ("ops.std(values, others)", "ops.var(values, others)"),
            ("1 / ops.maximum(deviation, LEAST), 1.0)", "1 / deviation, 1 / deviation)"),
        ],
    ),
    (
        "models/from_data.py",
        ("tests/models/test_weight_norm.py",),
        [
            ("not any(name in kept", "not all(name in kept"),
            ("run = Pass({**run.weights, **told}, run.mode, run.form)", "pass"),
            ("return {**weights, **new}", "return new"),
            ("default_rng(seed).permutation(count)", "default_rng(0).permutation(count)"),
        ],
    ),
    (
        "train/stories/claim.py",
        ("tests/train/stories/test_claim.py", "tests/train/stories/test_stories.py"),
        [
            ("difference.low > least", "difference.value > least"),
            ("difference.high < least", "difference.value < least"),
            ("if len(by_seed) > 1:", "if len(by_seed) > 9:"),
            ("(1, of, part), (-1, over, part)", "(-1, of, part), (1, over, part)"),
            ("difference.value - least)", "difference.value)"),
            ("told.accuracy >= share", "told.accuracy > share"),
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
        ],
    ),
    (
        "models/pooling.py",
        _FORWARD,
        [
            (
                'if padding == "valid":\n        return total / ',
                "if True:\n        return total / ",
            ),
            ("outside=-jnp.inf", "outside=0"),
            ("not any(above + beside)", "True"),
            ("down * size[1] + across", "down * size[0] + across"),
            ("reversed([*enumerate", "list([*enumerate"),
        ],
    ),
    (
        "models/winograd.py",
        ("tests/models/test_winograd.py", "-k", "70"),
        [
            ("[1, 1, 1, 0], [0, 1, -1, -1]", "[1, 1, 1, 0], [0, 1, -1, 1]"),
            ("(2 - before, 2 - after)", "(before, after)"),
            ("total += jnp.stack(", "total = jnp.stack("),
            ("[:, :high, :wide])", "[:, :high])"),
        ],
    ),
    (
        "models/depthwise.py",
        (
            "tests/models/test_forward.py",
            "tests/models/test_slopes.py",
            "-k",
            "depthwise or separable",
        ),
        [
            ("sum(products[1:], products[0]).reshape(-1", "products[0].reshape(-1"),
            ("a[..., None] * b for", "a[..., None] * b[::-1] for"),
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
        "models/grouped.py",
        ("tests/models/test_grouped.py",),
        [
            ("jnp.eye(groups, dtype=kernel.dtype)", "jnp.ones((groups, groups), kernel.dtype)"),
            ("n * channels >= WIDE and groups", "n * channels >= 0 and groups"),
            ("jnp.split(kernel, blocks, axis=3)", "jnp.split(kernel, blocks, axis=3)[::-1]"),
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
    (
        "run/checkpoint.py",
        ("tests/run/test_checkpoint.py",),
        [
            ("        whole = _sealed(manifest) == data\n", "        whole = True\n"),
            ("hashlib.sha256(data).hexdigest() != hashes[file]", "not data"),
            ("_drop(_places(folder)[keep:])", "_drop(_places(folder)[:keep])"),
            ("WEIGHTS if step == known.step else BEST", "WEIGHTS"),
            ("sorted(_numbered(folder), reverse=True)", "sorted(_numbered(folder))"),
            ("if saved > step])", "if saved >= step])"),
            (
                "            durable.move(place, aside)\n    return None",
                "            pass\n    return None",
            ),
            ("if odd := _not_finite(values):", "if odd := None:"),
        ],
    ),
    (
        "run/lock.py",
        ("tests/run/test_directory.py",),
        [
            ("fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB"),
            ("        return True\n    finally:", "        return False\n    finally:"),
        ],
    ),
    (
        "data/draw.py",
        ("tests/data/test_draw.py",),
        [
            ("default_rng([seed, label])", "default_rng([0, label])"),
            ("default_rng([seed, label])", "default_rng([seed, per_class])"),
            ("ids[:per_class]", "ids[:-per_class]"),
            ("split.take(np.sort(np.concatenate(", "split.take((np.concatenate("),
        ],
    ),
    (
        "export/convolutions.py",
        ("tests/export/test_layers.py", "-k", "fit or gives and (Conv or Dense or Flatten)"),
        [
            (
                "before = [each // 2 for each in missing]",
                "before = [-(-each // 2) for each in missing]",
            ),
            ("(window - 1) * dilation + 1 - size", "window - size"),
            ("kernel.reshape(*x.flat, -1).transpose(2, 0, 1, 3)", "kernel.reshape(*x.flat, -1)"),
            ('"group": layer.groups}', '"group": 1}'),
            (
                "height, width, 1, channels * multiplier)",
                "height, width, 1, multiplier * channels)[::-1]",
            ),
        ],
    ),
    (
        "export/shapes.py",
        ("tests/export/test_layers.py", "-k", "gives"),
        [
            ('if padding and not writer.maker(padding.input[0], "Relu"):', "if False:"),
            ("[0, 0, top, left, 0, 0, bottom, right]", "[0, 0, top, left, 0, 0, right, bottom]"),
            ("[top + height, left + width]", "[height, width]"),
            ("moves = channels > 1 and height * width > 1", "moves = False"),
        ],
    ),
    (
        "export/normalisations.py",
        ("tests/export/test_layers.py", "-k", "ormalization or Rescaling"),
        [
            ("if layer.scale else np.ones_like(mean)", "if layer.scale else np.zeros_like(mean)"),
            ("np.maximum(np.sqrt(variance), keras", "np.maximum(variance, keras"),
            ('told = {"axis": -1, "epsilon": float(layer.epsilon)}', 'told = {"axis": -1}'),
        ],
    ),
    (
        "export/network.py",
        ("tests/export/test_network.py", "-k", "turn or inside or transposes"),
        [
            ('(("Mul", preprocess.scale, 1)', '(("Mul", preprocess.offset, 1)'),
            ("_calibrated(writer, logits, calibration))", "logits)"),
            ("if (offset != 0).any():", "if False:"),
            ("turned=not flat or preprocess.channels == 1", "turned=True"),
        ],
    ),
    (
        "export/proof.py",
        ("tests/export/test_proof.py",),
        [
            ("nan=np.inf", "nan=0.0"),
            ("and self.same_class == self.pictures", ""),
            ("self.difference <= TOLERANCE and", ""),
            ("if not check.agrees]", "if check.pictures == 0]"),
        ],
    ),
    (
        "bundle/files.py",
        ("tests/bundle/test_files.py",),
        [
            ("if told.st_size > most:", "if False:"),
            ("if told.file_size > most:", "if False:"),
            ('or hashlib.sha256(data).hexdigest() != told["sha256"]', ""),
            ("if set(listed) != set(LIMITS):", "if set(listed) < set(LIMITS):"),
            ('getattr(os, "O_NOFOLLOW", 0)', "0"),
        ],
    ),
    (
        "score/scoring.py",
        ("tests/score/test_scoring.py",),
        [
            ("start // size % 2 * size)", "0)"),
            ("np.array(halves[start // size % 2])", "halves[start // size % 2]"),
            ("ahead.submit(decode, first) if", "ahead.submit(decode, 0) if"),
            ("answerer.logits(pixels)[: len(some)]", "answerer.logits(pixels[: len(some)])"),
            ("_check_places(some, problems)", "pass"),
        ],
    ),
    (
        "score/resuming.py",
        ("tests/score/test_resuming.py",),
        [
            ("self._file.truncate(noted.bytes)", "pass"),
            ("left or found != noted.checksum", "left"),
            ("    if others and anew:", "    if others or anew:"),
            ("zlib.crc32(lines, before.checksum)", "zlib.crc32(lines)"),
            ("fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB"),
            ("            if path.exists():", "            if False:"),
            (".startswith(begun) and not anew", ".startswith(b'') and not anew"),
        ],
    ),
    (
        "score/tally.py",
        ("tests/score/test_tally.py",),
        [
            ("(-row.probability, -position)", "(row.probability, -position)"),
            ("_keep(self._surest, (row.probability, -position))", "pass"),
            (
                "_keep(self._surest, (row.probability, -position))",
                "self._surest.append((0.5, -position))",
            ),
            ("heapq.heappushpop(heap, entry)", "heapq.heapreplace(heap, entry)"),
            ("if row.label in self._known:", "if row.label:"),
        ],
    ),
    (
        "score/table.py",
        ("tests/score/test_table.py",),
        [
            (
                '"predicted", "probability", *more, "problem"',
                '"predicted", "probability", "problem", *more',
            ),
            ("at = 1 + self.labelled", "at = 1"),
            ("str(cells[at + 2 + len(self.more)])", "str(cells[at + 2])"),
        ],
    ),
    (
        "score/identity.py",
        ("tests/score/test_identity.py",),
        [
            ("[one.name, one.label, one.path, stamp]", "[one.name, one.path, stamp]"),
            ("status.st_size, status.st_mtime_ns", "status.st_size, 0"),
        ],
    ),
    (
        "data/unlabelled.py",
        ("tests/data/test_unlabelled.py",),
        [
            ("if meant else", "if True else"),
            ("tops <= SPLIT_NAMES.keys() else 0", "False else 0"),
            ("entry not in told]", "True]"),
            ("found.sort(key=lambda one: tree_order(one.name))", "pass"),
            ("if e not in others]", "if e in others]"),
        ],
    ),
    (
        "view/scored.py",
        ("tests/view/test_scored.py",),
        [
            ('"true" if answer == one.label else "wrong"', '"true"'),
            ('which = "true" if is_true else', 'which = "wrong" if is_true else'),
            ("bars.append((one.label, one.of_label))", "pass"),
            ('title="{page.text(name)}"', 'title="{name}"'),
        ],
    ),
    (
        "serve/values.py",
        ("tests/serve/test_instances.py", "-k", "white or decides or why"),
        [
            ("elif most > 1:", "elif most >= 1:"),
            ("found = str(asked)", "found = BYTES"),
            ("elif least < 0 or any(", "elif any("),
            ("not (0 <= least and most <= top)", "not (most <= top)"),
            ("np.floor(scaled + 0.5)", "np.floor(scaled)"),
        ],
    ),
    (
        "serve/guard.py",
        ("tests/serve/test_guard.py", "-k", "list or attack or refuses or key or opens or names"),
        [
            ("named.count(name) > 1", "named.count(name) > 2"),
            ("if self.local:", "if False:"),
            (
                "if not self.keys or free:",
                'if not self.keys or free or scope["method"] == "DELETE":',
            ),
            ("return bool(host) and origin", "return origin"),
            ("origin is not None and not", 'origin not in (None, "null") and not'),
            ("if not any([", "if all(["),
            ('name == "localhost" or', 'name.startswith("localhost") or'),
        ],
    ),
    (
        "serve/body.py",
        ("tests/serve/test_limits.py", "-k", "body or form or json or packed or bytes or number"),
        [
            ("int(told) > limits.body_bytes:", "False:"),
            ("        if size > limits.body_bytes:", "        if False:"),
            ('"identity") != "identity"', '"identity") == "gzip"'),
            ("if text > limits.text_bytes:", "if len(body) > limits.text_bytes:"),
            ("if _depth(body, limits.depth) > limits.depth:", "if False:"),
            ('_TEXT.sub(b"", body)', "body"),
            ("len(self.found) == self.limits.parts", "len(self.found) > self.limits.parts"),
        ],
    ),
    (
        "serve/batcher.py",
        ("tests/serve/test_batcher.py",),
        [
            ("            first = last\n", ""),
            ("self.inside and self.inside + pictures", "self.inside + pictures"),
            ("elif refusal := one.unwanted():", "elif refusal := None:"),
            (
                "popleft()\n            if one.answer.done():",
                "popleft()\n            if False:",
            ),
            (
                "len(one.pixels)\n            if one.answer.done():",
                "len(one.pixels)\n            if False:",
            ),
            ("        self.inside -= pictures", "        self.inside -= 1"),
            (
                "(batch, self._ask(batch, self.model))\n        self.working = 0",
                "(batch, self._ask(batch, self.model))",
            ),
            ("            self.working -= 1", "            pass"),
            ("        except Exception:\n", "        except KeyError:\n"),
            ("busy(self.inside * self.seconds)", "busy(self.seconds)"),
            ("AHEAD = 1", "AHEAD = 0"),
        ],
    ),
]
