"""Images for a step, decoded by the exported function that training in Node.js and serving use."""

from collections.abc import Callable, Iterator

import tensorflow as tf

from image_files import File, Places, read_place
from steps import Part

Batches = list[list[File]]
Decode = Callable[[tf.Tensor], tf.Tensor]
"""From the bytes of files, string [n], to pixels, float32 [n, height, width, 3]."""


def decoded(decode: Decode, parts: list[Batches], places: Places) -> Iterator[tuple[Part, ...]]:
    """Yields this worker's parts of each batch. Raises ValueError that names an image that cannot be decoded."""
    batches = iter(tf.data.Dataset.zip(tuple(_pixels(decode, each, places) for each in parts)))
    for shares in zip(*parts, strict=True):
        try:
            batch = next(batches)
        except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, tf.errors.UnknownError):
            _raise_for_the_first_bad(decode, [file for share in shares for file in share], places)
            raise
        yield batch


def _pixels(decode: Decode, batches: Batches, places: Places) -> tf.data.Dataset:
    files = [file for batch in batches for file in batch]
    paths = tf.constant([path for path, _ in files], tf.string)
    labels = tf.constant([label for _, label in files], tf.int32)
    sizes = [len(batch) for batch in batches]
    rows = tuple(tf.RaggedTensor.from_row_lengths(each, sizes) for each in (paths, labels))

    def from_shard(path: bytes) -> bytes:
        return read_place(places[path.decode()])

    def content(path: tf.Tensor) -> tf.Tensor:
        if not places:
            return tf.io.read_file(path)
        return tf.ensure_shape(tf.numpy_function(from_shard, [path], tf.string), [])

    def read(paths: tf.Tensor, labels: tf.Tensor) -> Part:
        return decode(tf.map_fn(content, paths)), labels

    dataset = tf.data.Dataset.from_tensor_slices(rows)
    return dataset.map(read, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _raise_for_the_first_bad(decode: Decode, files: list[File], places: Places) -> None:
    """TensorFlow says what is wrong with an image, but not with which one."""
    for path, _ in files:
        try:
            content = tf.constant(read_place(places[path])) if path in places else tf.io.read_file(path)
            decode(content[tf.newaxis])
        except (ValueError, OSError) as error:
            raise ValueError(f"{path!r} cannot be read: {error}") from error
        except tf.errors.OpError as error:
            # File names are untrusted: repr escapes line breaks and control characters.
            advice = "does not decode: remove or replace it, and start again."
            raise ValueError(f"{path!r} {advice} {_why(error)}") from error


def _why(error: tf.errors.OpError) -> str:
    lines = [line.strip() for line in error.message.splitlines()]
    return "".join(lines[-1:])
