"""The steps of a training, which all workers take together."""

from typing import Any

import tensorflow as tf

Part = tuple[tf.Tensor, tf.Tensor]
"""Images, float32 [n, height, width, 3], and labels, int32 [n] or [n, classes]. May be empty."""


class Steps:
    """
    The exported step. Between its two halves, the sums of all workers are added up.

    A batch is split into parts, which are divided among the workers. Batch normalization and random draws see one part:
    the result depends on the number of parts, not on the number of workers.
    """

    def __init__(self, model: str, parts: int, index: int, workers: int, gradient_precision: str) -> None:
        self.parts, self.index, self.workers = parts, index, workers
        self.gradient_type = tf.dtypes.as_dtype(gradient_precision)
        self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
        with self.strategy.scope():
            self.model: Any = tf.saved_model.load(model)
        self.variables: list[Any] = list(self.model.variables)
        specs = self.model.compute_gradients.concrete_functions[0].structured_outputs
        self.shapes = {name: specs[name].shape for name in sorted(specs)}
        self.sizes = [shape.num_elements() for shape in self.shapes.values()]
        pixels = tf.TensorSpec(self.model.decode_and_resize.concrete_functions[0].structured_outputs.shape)
        # compute_gradients takes images, labels, and the number that random layers draw by.
        labels = self.model.compute_gradients.concrete_functions[0].structured_input_signature[0][1]
        self.label: list[int] = labels.shape[1:].as_list()
        own = tuple((pixels, tf.TensorSpec([None, *self.label], tf.int32)) for _ in self.own_parts)
        # One graph for all sizes: workers that traced again at different steps would wait for each other forever.
        self._graph = tf.function(self._train, input_signature=[own, tf.TensorSpec([], tf.int32)])
        self.summed = tf.function(self._summed, input_signature=[tf.TensorSpec([3], tf.float64)])

    @property
    def own_parts(self) -> range:
        return range(self.index, self.parts, self.workers)

    def train(self, parts: tuple[Part, ...], step: int) -> tf.Tensor:
        """Takes a step with this worker's parts. Returns the sums over all parts: loss, correct answers, images."""
        # The labels of an empty part do not show the number of classes.
        shaped = tuple((images, tf.reshape(labels, [-1, *self.label])) for images, labels in parts)
        return self._graph(shaped, tf.constant(step, tf.int32))

    def test(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the sums over a part: loss, correct answers, images."""
        return _totals(self.strategy.run(self.model.test_step, (images, labels)))

    def _summed(self, values: tf.Tensor) -> tf.Tensor:
        """Adds up the values of all workers."""
        return self.strategy.run(lambda own: _all_reduce(tf.identity(own)), (values,))

    def _train(self, parts: tuple[Part, ...], step: tf.Tensor) -> tf.Tensor:
        return self.strategy.run(self._step, (parts, step))

    def _step(self, parts: tuple[Part, ...], step: tf.Tensor) -> tf.Tensor:
        flat = tf.zeros([sum(self.sizes)])
        for part, (images, labels) in zip(self.own_parts, parts, strict=True):
            flat += self._flat_sums(images, labels, step * self.parts + part)
        values = tf.split(self._summed_gradients(flat), self.sizes)
        sums = {name: tf.reshape(each, shape) for (name, shape), each in zip(self.shapes.items(), values, strict=True)}
        totals = _totals(sums)
        del sums["loss_sum"], sums["correct"]
        with tf.control_dependencies(list(self.model.apply_gradients(**sums).values())):
            return tf.identity(totals)

    def _summed_gradients(self, flat: tf.Tensor) -> tf.Tensor:
        """Adds up the sums of all workers. Gradients are sent in the precision that was chosen."""
        # In one vector: one collective per gradient would take as long as the rest of the step.
        if self.gradient_type == tf.float32:
            return _all_reduce(flat)
        # Counts and moving averages are few, and bfloat16 has no 257. Names are sorted, so gradients are adjacent.
        sizes = dict(zip(self.shapes, self.sizes, strict=True))
        gradients = sum(size for name, size in sizes.items() if name.startswith("grad_"))
        before = sum(size for name, size in sizes.items() if name < "grad_")
        head, middle, tail = tf.split(flat, [before, gradients, sum(self.sizes) - before - gradients])
        exact = _all_reduce(tf.concat([head, tail], 0))
        short = tf.cast(_all_reduce(tf.cast(middle, self.gradient_type)), tf.float32)
        return tf.concat([exact[:before], short, exact[before:]], 0)

    def _flat_sums(self, images: tf.Tensor, labels: tf.Tensor, random_step: tf.Tensor) -> tf.Tensor:
        def compute() -> tf.Tensor:
            sums = self.model.compute_gradients(images, labels, random_step)
            return tf.concat([tf.reshape(sums[name], [-1]) for name in self.shapes], 0)

        # oneDNN's fused convolutions fail with an empty part.
        return tf.cond(tf.size(labels) > 0, compute, lambda: tf.zeros([sum(self.sizes)]))


def _totals(sums: dict[str, tf.Tensor]) -> tf.Tensor:
    return tf.stack([sums["loss_sum"], sums["correct"], sums["count"]])


def _all_reduce(value: tf.Tensor) -> tf.Tensor:
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)
