"""Runs worker.py under Ray Train, which tells each worker its TF_CONFIG and starts all again when one is lost.

Start it where a Ray cluster is reached (RAY_ADDRESS). All nodes have TensorFlow, ray[train] and this folder at the
same path, and see the folders of --model, --data and --output. Other flags are those of worker.py.
"""

import argparse
import collections
import subprocess
import sys
from pathlib import Path
from typing import Any

from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.tensorflow import TensorflowTrainer


def train(config: dict[str, Any]) -> None:
    """Runs one worker to its end, in a process of its own: TensorFlow's server cannot be started twice in one."""
    # Its standard input closes when this process ends, however it does: a worker left behind would write to the state.
    command = [sys.executable, config["worker"], *config["arguments"], "--until-stdin-closes"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    last: collections.deque[str] = collections.deque(maxlen=8)
    for line in child.stderr or []:
        sys.stderr.write(line)
        last.append(line)
    if child.wait() != 0:
        raise RuntimeError(f"worker.py ended with {child.returncode}. {''.join(last)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, required=True, help="how many; each has a CPU or a GPU of its own")
    parser.add_argument("--gpus", action="store_true", help="give each worker a GPU")
    parser.add_argument("--max-failures", type=int, default=10, help="how often all are started again [default: 10]")
    given, arguments = parser.parse_known_args()
    worker = str(Path(__file__).resolve().with_name("worker.py"))
    TensorflowTrainer(
        train,
        train_loop_config={"worker": worker, "arguments": arguments},
        scaling_config=ScalingConfig(num_workers=given.workers, use_gpu=given.gpus),
        run_config=RunConfig(failure_config=FailureConfig(max_failures=given.max_failures)),
    ).fit()


if __name__ == "__main__":
    main()
