"""Which images a training sees, and in which order: the same as with train-model on one machine."""

import hashlib
import itertools
import json
import os
import unicodedata
import zlib
from collections.abc import Iterator
from typing import Any, TypeVar

from remote_ranges import is_remote, read_range

T = TypeVar("T")
Label = int | list[int]
"""A class's position among the classes; or, if images may have several, 0 or 1 for each class."""
File = tuple[str, Label]
"""A path, and its label."""
Place = tuple[str, int, int, int]
"""A shard, where an image begins in it, its size in bytes, and its CRC-32."""
Places = dict[str, Place]
"""Where the bytes of packed images are, by their paths."""

MASK = 0xFFFFFFFF
CLUTTER = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r"),
    *("@eadir", "#recycle", "@recycle", "@recently-snapshot", "$recycle.bin"),
    *("system volume information", "lost+found"),
}
"""What operating systems and network drives leave behind; src/data/scan/list-entries.ts."""


def list_images(data: str, classes: list[str]) -> list[File]:
    """Lists all files in class-named directories, at any depth, by path. Raises ValueError for other directories."""
    names = sorted(filter(is_seen, os.listdir(data))) if os.path.isdir(data) else []
    # The same name may have several encodings (macOS has its own): names are compared in Unicode's normal form C.
    folders = {unicodedata.normalize("NFC", name): os.path.join(data, name) for name in names}
    folders = {name: folder for name, folder in sorted(folders.items()) if os.path.isdir(folder)}
    if list(folders) != [unicodedata.normalize("NFC", name) for name in classes]:
        received = ", ".join(folders) or ("no directories" if os.path.isdir(data) else "no such directory")
        raise ValueError(
            f"{data} holds a directory of images for each class: {', '.join(classes)}. Received: {received}."
        )
    files: list[File] = []
    for label, directory in enumerate(folders.values()):
        before = len(files)
        for folder, inside in walk(directory):
            files += [(os.path.join(folder, each), label) for each in inside]
        if len(files) == before:
            raise ValueError(f"{directory} holds no images.")
    return sorted(files)


def is_seen(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in CLUTTER


def walk(start: str) -> Iterator[tuple[str, list[str]]]:
    """Yields folders with their files. Follows links, to each real folder once; src/data/scan/find-image-files.ts.

    So links in a circle end, and a few links to each other do not become millions of paths.
    """
    visited: set[str] = set()
    awaited: set[str] = set()
    pending = [start]
    while pending:
        links: list[str] = []
        for folder, folders, inside in os.walk(pending.pop(0)):
            real = os.path.realpath(folder)
            if real in visited:
                folders.clear()
                continue
            visited.add(real)
            folders[:] = filter(is_seen, folders)
            paths = (os.path.join(folder, each) for each in folders)
            links += filter(os.path.islink, paths)
            yield folder, list(filter(is_seen, inside))
        for link in sorted(links):
            target = os.path.realpath(link)
            if target not in visited and target not in awaited:
                awaited.add(target)
                pending.append(link)


def read_images(file: str, data: str) -> tuple[list[File], list[File], Places]:
    """Reads the exported lists of files for training and validation. Their paths are relative to the data's folder."""
    with open(file, encoding="utf-8") as text:
        sides: dict[str, list[list[Any]]] = json.load(text)
    with open(os.path.join(os.path.dirname(file), "..", "assets", "class_names.txt"), encoding="utf-8") as text:
        classes = len(text.read().splitlines())
    training, validation = (
        [(os.path.join(data, path), numbers_of(label, classes)) for path, label, *_ in sides[side]]
        for side in ("training", "validation")
    )
    places = places_of(sides, data)
    there = {shard for shard, *_ in places.values() if is_remote(shard) or os.path.isfile(shard)}
    missing = [
        path
        for path, _ in training + validation
        if not (places[path][0] in there if path in places else os.path.isfile(path))
    ]
    if missing:
        raise ValueError(f"{data} lacks {len(missing)} of the images that were exported, such as {missing[0]}.")
    return training, validation, places


def places_of(sides: dict[str, list[list[Any]]], data: str) -> Places:
    """Returns the places of packed images. A row has a path, a label and, if the image is in a shard, its place."""
    return {
        os.path.join(data, path): (os.path.join(data, shard), offset, size, crc)
        for rows in sides.values()
        for path, _, *place in rows
        for shard, offset, size, crc in place
    }


def read_place(place: Place) -> bytes:
    """Reads an image's bytes from its shard. Raises ValueError if they are not those that were exported."""
    shard, offset, size, crc = place
    content = read_range(shard, offset, size) if is_remote(shard) else read_file(shard, offset, size)
    if len(content) != size or zlib.crc32(content) != crc:
        raise ValueError(f"the bytes from {offset} of {shard!r} are not those that were exported")
    return content


def read_file(file: str, offset: int, size: int) -> bytes:
    with open(file, "rb") as opened:
        opened.seek(offset)
        return opened.read(size)


def numbers_of(label: Label, classes: int) -> Label:
    """Returns a single class's position unchanged, and a list of positions as 0 or 1 for each class."""
    return label if isinstance(label, int) else [int(place in label) for place in range(classes)]


def digest(data: str, files: list[File]) -> str:
    """Identifies images by their paths within the data set; src/data/scan/image-paths-digest.ts."""
    start = len(os.path.join(data, ""))
    return hashlib.sha256(b"\0".join(os.fsencode(path[start:]) for path, _ in files)).hexdigest()


def split(files: list[File], validation_split: float, seed: int) -> tuple[list[File], list[File]]:
    """Splits files into those for training and those for validation, in order; src/data/dataset/split-files.ts."""
    # Only folders, where each image has one class, are split here: for lists, the split is exported.
    labels = [label if isinstance(label, int) else -1 for _, label in files]
    of_class: dict[int, list[int]] = {label: [] for label in labels}
    for position in shuffled(list(range(len(files))), seed):
        of_class[labels[position]].append(position)
    groups = list(of_class.values())
    numbers = apportion([len(group) for group in groups], validation_split)
    validation = {
        position for group, number in zip(groups, numbers, strict=True) for position in group[len(group) - number :]
    }
    if not 0 < len(validation) < len(files):
        raise ValueError(f"A validation split of {validation_split} of {len(files)} images leaves none on one side.")
    training = [file for position, file in enumerate(files) if position not in validation]
    return training, [files[position] for position in sorted(validation)]


def apportion(sizes: list[int], share: float) -> list[int]:
    """Number of validation images of each class; src/data/dataset/split-files.ts."""
    numbers = [max(min(int(share * size), size - 1), min(1, size - 1)) for size in sizes]
    rests = [share * size - number for size, number in zip(sizes, numbers, strict=True)]
    may_have_more = [i for i, size in enumerate(sizes) if numbers[i] < size - 1]
    lacking = int(share * sum(sizes)) - sum(numbers)
    for i in sorted(may_have_more, key=lambda i: -rests[i])[: max(lacking, 0)]:
        numbers[i] += 1
    return numbers


def in_order_of_epoch(files: list[File], seed: int, epoch: int) -> list[File]:
    """The order of an epoch, from 0; src/data/dataset/image-dataset.ts."""
    digest = hashlib.sha256(f"{seed}:epoch {epoch}".encode()).digest()
    return shuffled(files, int.from_bytes(digest[:4], "little"))


def shuffled(items: list[T], seed: int) -> list[T]:
    """A copy in random order, by Fisher and Yates; src/data/dataset/random.ts."""
    copy, numbers = list(items), uniform(seed)
    for last in range(len(copy) - 1, 0, -1):
        chosen = int(next(numbers) * (last + 1))
        copy[last], copy[chosen] = copy[chosen], copy[last]
    return copy


def uniform(seed: int) -> Iterator[float]:
    """Numbers from [0, 1), by sfc32, whose state is filled by splitmix32; src/data/dataset/random.ts."""

    def splitmix32(state: int) -> Iterator[int]:
        while True:
            state = (state + 0x9E3779B9) & MASK
            word = ((state ^ state >> 16) * 0x21F0AAAD) & MASK
            word = ((word ^ word >> 15) * 0x735A2D97) & MASK
            yield word ^ word >> 15

    def sfc32(a: int, b: int, c: int) -> Iterator[int]:
        for counter in itertools.count(1):
            total = (a + b + counter) & MASK
            a, b, c = b ^ b >> 9, (c + (c << 3)) & MASK, ((c << 21 | c >> 11) + total) & MASK
            yield total

    fill = splitmix32((seed ^ next(splitmix32(seed >> 32))) & MASK)
    words = itertools.islice(sfc32(next(fill), next(fill), next(fill)), 12, None)
    return (((high >> 5) * 2**26 + (low >> 6)) / 2**53 for high, low in zip(words, words, strict=False))
