"""The state of a training, in a folder that all workers read and the first one writes."""

import json
import math
import os
import shutil
from dataclasses import asdict, dataclass, field
from typing import Any

import tensorflow as tf

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
PRECISIONS = ("float32", "bfloat16")
COLUMNS = ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]


@dataclass
class Progress:
    """How far a training has come, and its history."""

    parts: int
    """Number of parts that a batch is split into."""
    epochs: int = 0
    """Number of epochs that are done."""
    best_epoch: int = 0
    """From 1."""
    wait: int = 0
    """Epochs since the best one."""
    is_stopped: bool = False
    """Whether it ended early because nothing improved."""
    images: str = ""
    """Digest of the images that the training began with."""
    gradient_precision: str = "float32"
    """Precision in which the workers exchange gradients."""
    monitor: str = "val_accuracy"
    """The column by which the best epoch is chosen."""
    history: list[list[float]] = field(default_factory=list)
    """A row with the numbers of COLUMNS for each epoch."""

    @staticmethod
    def parse(value: dict[str, Any]) -> "Progress":
        """Checks the content of a file. Raises TypeError or ValueError."""
        progress = Progress(**value)
        for name in ("parts", "epochs", "best_epoch", "wait"):
            number = getattr(progress, name)
            if type(number) is not int or number < (1 if name == "parts" else 0):
                raise ValueError(f"{name} is a whole number. Received: {number!a}.")
        if type(progress.is_stopped) is not bool or not isinstance(progress.images, str):
            raise ValueError("is_stopped is true or false, and images is text.")
        if progress.gradient_precision not in PRECISIONS:
            received = f"Received: {progress.gradient_precision!a}."
            raise ValueError(f"gradient_precision is {' or '.join(PRECISIONS)}. {received}")
        if progress.monitor not in ("val_accuracy", "val_loss"):
            raise ValueError(f"monitor is val_accuracy or val_loss. Received: {progress.monitor!a}.")
        if progress.best_epoch > progress.epochs or len(progress.history) != progress.epochs:
            raise ValueError("The history has a row for each epoch, and one of them is the best.")
        for row in progress.history:
            if len(row) != len(COLUMNS) or not all(type(number) in (int, float) for number in row):
                raise ValueError(f"A row of the history has a number for each of {', '.join(COLUMNS)}.")
        return progress

    def add(self, row: list[float], patience: int) -> None:
        """Adds an epoch's numbers. As in train-model's early stopping, a higher accuracy or a lower loss is better."""
        at, sign = COLUMNS.index(self.monitor), -1 if self.monitor == "val_loss" else 1
        best = self.history[self.best_epoch - 1] if self.best_epoch else None
        self.history.append(row)
        self.epochs += 1
        self.wait += 1
        if best is None or math.isnan(best[at]) or sign * row[at] > sign * best[at]:
            self.best_epoch, self.wait = self.epochs, 0
        elif self.wait >= patience:
            self.is_stopped = True


class TrainingState:
    """OUTPUT.training: a checkpoint of the last and one of the best epoch, and `last`, which points to them."""

    def __init__(self, model: str, output: str) -> None:
        self.model, self.output, self.folder = model, output, f"{output}.training"

    def begin(self, new: Progress, data: str) -> Progress:
        """Returns the saved progress, or else the new one. Raises ValueError if they differ, or the output exists."""
        kept = self.read()
        if kept is None:
            return new
        if kept.images not in ("", new.images):
            began = f"those that {self.folder} began with, by their names"
            raise ValueError(f"The images in {data} are not {began}. Put them back, or remove it to start over.")
        if kept.gradient_precision != new.gradient_precision:
            began = f"{self.folder} began with gradients in {kept.gradient_precision}, and continues with the same"
            export = f"Received: {new.gradient_precision}, from {self.model}. Export it again with train-model"
            raise ValueError(f"{began}. {export} --gradient-precision {kept.gradient_precision}.")
        return kept

    def read(self) -> Progress | None:
        """Returns None for a training that begins. Raises ValueError if its output exists already."""
        last = os.path.join(self.folder, "last")
        if os.path.exists(last):
            with open(last, encoding="utf-8") as file:
                try:
                    return Progress.parse(json.load(file))
                except (ValueError, TypeError) as error:
                    raise ValueError(f"{last} is damaged. Remove {self.folder} to start over. {error}") from error
        if os.path.exists(self.output):
            raise ValueError(f"{self.output} exists. Give another --output, or remove it.")
        return None

    def load(self, variables: list[Any], progress: Progress) -> None:
        """Sets variables to their values after the last epoch, or as exported, and the progress's monitor."""
        with open(os.path.join(self.model, "assets.extra", "training.json"), encoding="utf-8") as file:
            progress.monitor = json.load(file).get("monitor", progress.monitor)
        start = os.path.join(self.model, "variables", "variables")
        saved = tf.train.load_checkpoint(self._checkpoint(progress.epochs) if progress.epochs else start)
        for key, variable in zip(_keys(variables), variables, strict=True):
            variable.assign(saved.get_tensor(key))

    def save(self, variables: list[Any], progress: Progress) -> None:
        """Saves an epoch: a crash at any moment leaves either the previous one or this one."""
        os.makedirs(self.folder, exist_ok=True)
        start = tf.train.load_checkpoint(os.path.join(self.model, "variables", "variables"))
        # With the object graph, tf.saved_model.load accepts the checkpoint as variables/.
        names, values = (
            [GRAPH_KEY, *_keys(variables)],
            [start.get_tensor(GRAPH_KEY), *(each.numpy() for each in variables)],
        )
        prefix, slices = self._checkpoint(progress.epochs), [""] * len(names)
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=values)
        last = os.path.join(self.folder, "last")
        with open(f"{last}.new", "w", encoding="utf-8") as file:
            json.dump(asdict(progress), file)
        arguments = os.path.join(self.model, "assets.extra", "arguments.json")
        if os.path.exists(arguments):  # For train-model --resume-from; other exporters write none.
            shutil.copyfile(arguments, os.path.join(self.folder, "arguments.json"))
        os.sync()
        os.replace(f"{last}.new", last)
        kept = tuple(f"epoch-{epoch}." for epoch in (progress.epochs, progress.best_epoch))
        for name in os.listdir(self.folder):
            if name.startswith("epoch-") and not name.startswith(kept):
                os.remove(os.path.join(self.folder, name))

    def write_model(self, progress: Progress) -> None:
        """Writes the exported files with the variables of the best epoch. The model appears whole or not at all."""
        if os.path.exists(self.output):
            return
        # In this training's own folder, which nothing else writes to, and which is on the same disk as the output.
        made = os.path.join(self.folder, "model")
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(self.model, made)
        for ending in ("index", "data-00000-of-00001"):
            best = f"{self._checkpoint(progress.best_epoch)}.{ending}"
            shutil.copyfile(best, os.path.join(made, "variables", f"variables.{ending}"))
        with open(os.path.join(made, "assets.extra", "history.csv"), "w", encoding="utf-8") as file:
            file.write(",".join(COLUMNS) + "\n")
            file.writelines(",".join(str(number) for number in row) + "\n" for row in progress.history)
        os.sync()
        os.rename(made, self.output)

    def _checkpoint(self, epoch: int) -> str:
        return os.path.join(self.folder, f"epoch-{epoch}")


def _keys(variables: list[Any]) -> list[str]:
    return [f"variables/{position}/.ATTRIBUTES/VARIABLE_VALUE" for position in range(len(variables))]
