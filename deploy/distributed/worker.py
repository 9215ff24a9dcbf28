"""Trains a SavedModel of train-model --export-training data-parallel, on TensorFlow's own distributed runtime.

Every worker runs this file, which needs only TensorFlow, under its own TF_CONFIG: docs/distributed-training.md
"""

import argparse
import hashlib
import json
import math
import os
import time
from typing import Any

import tensorflow as tf

from cluster import end_with_standard_input, explain, place, tell
from image_files import File, Places, digest, in_order_of_epoch, list_images, read_images, split
from pixels import decoded
from steps import Steps
from training_state import Progress, TrainingState


class Training:
    """One worker's share of a training. After every step, all workers have the same weights and numbers."""

    def __init__(self, model: str, data: str, output: str, parts: int | None, step_losses: str | None) -> None:
        self.index, self.workers = place()
        self.options = read_options(model)
        self.files, self.validation, self.places = self.images(model, data)
        files = sorted(self.files + self.validation, key=lambda file: file[0])
        self.step_losses, self.state = step_losses, TrainingState(model, output)
        images = digest(data, files)
        precision = self.options.get("gradient_precision", "float32")
        begun = Progress(parts or self.workers, images=images, gradient_precision=precision)
        self.progress = self.state.begin(begun, data)
        if self.progress.parts < self.workers or parts not in (None, self.progress.parts):
            cut = f"A batch of this training is split into {self.progress.parts} parts, at least one per worker"
            raise ValueError(f"{cut}. Received: {self.workers} workers, --parts {parts}.")
        if len(tf.config.list_physical_devices("GPU")) > 1:
            raise ValueError("A worker uses one GPU. Start one worker per GPU, each with its CUDA_VISIBLE_DEVICES.")
        if self.workers > 1:
            self.say(f"waiting for all {self.workers} workers to connect")
        self.steps = Steps(model, self.progress.parts, self.index, self.workers, precision)
        self.state.load(self.steps.variables, self.progress)
        self.check_that_all_have_the_same(f"see different images, models or {self.state.folder}. Share the folders")

    def images(self, model: str, data: str) -> tuple[list[File], list[File], Places]:
        listed = os.path.join(model, "assets.extra", "images.json")
        if os.path.exists(listed):
            return read_images(listed, data)
        with open(os.path.join(model, "assets", "class_names.txt"), encoding="utf-8") as file:
            files = list_images(data, file.read().splitlines())
        return *split(files, self.options["validation_split"], self.options["seed"]), {}

    def check_that_all_have_the_same(self, otherwise: str) -> None:
        seen = hashlib.sha256(self.progress.images.encode())
        for variable in self.steps.variables:
            seen.update(variable.numpy().tobytes())
        own = tf.constant([self.progress.epochs, self.progress.parts, int(seen.hexdigest()[:8], 16)], tf.float64)
        if not tf.reduce_all(self.steps.summed(own) == own * self.workers):
            raise ValueError(f"The workers {otherwise}.")

    def run(self) -> None:
        epochs, started = self.options["num_epochs"], time.monotonic()
        while self.progress.epochs < epochs and not self.progress.is_stopped:
            loss, accuracy = self.train_epoch(self.progress.epochs)
            if not math.isfinite(loss):
                raise ValueError(f"The loss is {loss}. Try a smaller learning rate.")
            val_loss, val_accuracy = self.validate()
            row = [self.progress.epochs, accuracy, loss, val_accuracy, val_loss]
            self.progress.add(row, self.options["patience"])
            numbers = {"loss": loss, "accuracy": accuracy, "val_loss": val_loss, "val_accuracy": val_accuracy}
            text = " - ".join(f"{name} {value:.4f}" for name, value in numbers.items())
            self.say(f"epoch {self.progress.epochs}/{epochs} - {text} - {time.monotonic() - started:.1f} s")
            if self.index == 0:
                self.state.save(self.steps.variables, self.progress)
        self.check_that_all_have_the_same("have different weights. Use the same version of TensorFlow on all of them")
        if self.index == 0:
            self.state.write_model(self.progress)
        self.steps.summed(tf.zeros([3], tf.float64))  # No worker ends before the model is written.
        self.say(f"{self.state.output}: the model after epoch {self.progress.best_epoch}, the best")

    def train_epoch(self, epoch: int) -> tuple[float, float]:
        size, order = self.options["batch_size"], in_order_of_epoch(self.files, self.options["seed"], epoch)
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        parts = self.progress.parts

        def cut(part: int) -> list[list[File]]:
            return [each[len(each) * part // parts : len(each) * (part + 1) // parts] for each in batches]

        own_files = [cut(part) for part in self.steps.own_parts]
        own_batches = decoded(self.steps.model.decode_and_resize, own_files, self.places)
        first = epoch * len(batches)
        sums = [self.steps.train(own, first + i).numpy() for i, own in enumerate(own_batches)]
        if self.step_losses and self.index == 0:
            with open(self.step_losses, "a", encoding="utf-8") as file:
                file.writelines(f"{loss / count}\n" for loss, _, count in sums)
        loss, correct, count = sum(sums).tolist()
        return loss / count, correct / count

    def validate(self) -> tuple[float, float]:
        size, files = self.options["batch_size"], self.validation[self.index :: self.workers]
        sums = tf.zeros([3], tf.float64)
        batches = [files[i : i + size] for i in range(0, len(files), size)]
        for ((images, labels),) in decoded(self.steps.model.decode_and_resize, [batches], self.places):
            sums += tf.cast(self.steps.test(images, labels), tf.float64)
        loss, correct, count = self.steps.summed(sums).numpy().tolist()
        return loss / count, correct / count

    def say(self, text: str) -> None:
        if self.index == 0:
            tell(text)


def read_options(model: str) -> dict[str, Any]:
    """Reads the options that train-model exported."""
    file = os.path.join(model, "assets.extra", "training.json")
    if not os.path.exists(file):
        raise ValueError(f"{model} has no functions for training: write it with train-model --export-training.")
    with open(file, encoding="utf-8") as text:
        options: dict[str, Any] = json.load(text)
        return options


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="what train-model --export-training wrote")
    parser.add_argument("--data", required=True, help="folder with one folder per class, or the exported list's folder")
    parser.add_argument("--output", required=True, help="where the best model goes; OUTPUT.training keeps the state")
    parser.add_argument("--parts", type=int, help="parts of a batch, shared by the workers [default: one per worker]")
    parser.add_argument("--step-losses", help="file for the loss of every step [default: none]")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when whoever started it is gone")
    arguments = vars(parser.parse_args())
    if arguments.pop("until_stdin_closes"):
        end_with_standard_input()
    try:
        Training(**arguments).run()
        return
    except (ValueError, OSError) as error:
        message = str(error)
    except tf.errors.OpError as error:
        message = explain(error)
    tell(f"worker.py: {message}")
    os._exit(1)  # A normal exit would wait for workers that no longer answer.


if __name__ == "__main__":
    main()
