"""Runs a command to its end and prints the seconds, those of all processors and the peak memory that it took, which Node.js cannot ask of a child."""

import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
result = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
seconds = time.perf_counter() - start
if result.returncode != 0:
    sys.exit(f"{' '.join(sys.argv[1:])} ended with {result.returncode}:\n{result.stderr}")
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = usage.ru_utime + usage.ru_stime
print(json.dumps({"seconds": seconds, "cpuSeconds": cpu, "peakMebibytes": usage.ru_maxrss / 1024}))
