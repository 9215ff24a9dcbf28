"""Which worker this is, and what it prints when another one is lost."""

import json
import os
import sys
import threading

import tensorflow as tf

EXPECTED = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'


def place() -> tuple[int, int]:
    """Returns this worker's number, from 0, and the number of workers, by TF_CONFIG; without it, there is one."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        return 0, 1
    try:
        cluster, task = (json.loads(text)[key] for key in ("cluster", "task"))
        workers, index = cluster["worker"], int(task["index"])
        are_hosts = all(isinstance(host, str) and host.rpartition(":")[2].isdigit() for host in workers)
        is_one = list(cluster) == ["worker"] == [task["type"]] and 0 <= index < len(workers)
        if are_hosts and is_one and len(set(workers)) == len(workers):
            return index, len(workers)
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"TF_CONFIG is {EXPECTED}, with the index of one of the workers. Received: {text}")


def end_with_standard_input() -> None:
    """Ends this process when its standard input closes: the process that started it is gone, and may start it again."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def explain(error: tf.errors.OpError) -> str:
    """Returns TensorFlow's message without stack traces, and what to do if another worker is the cause."""
    lines = (line.strip() for line in error.message.splitlines())
    noise = ("Graph execution error", "Detected at node", "File ", "[[", "<stack traces")
    words = " ".join([line for line in lines if line and not line.startswith(noise)][:2])
    if isinstance(error, tf.errors.InvalidArgumentError | tf.errors.NotFoundError):
        return words
    return f"Another worker was lost, or does not answer. Start all again: they continue after the last epoch. {words}"


def tell(text: str) -> None:
    """Writes lines to standard error. Control characters, which file names may contain, are escaped."""
    shown = (c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    print("".join(shown), file=sys.stderr, flush=True)
