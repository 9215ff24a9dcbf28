"""A Ray cluster of separate raylets on the loopback: a head without a CPU and nodes with one each, until stdin closes.

Prints its address. Arguments: how many nodes, and a folder for Ray's files.
"""

import sys

from ray.cluster_utils import Cluster

nodes, folder = int(sys.argv[1]), sys.argv[2]
common = {"node_ip_address": "127.0.0.1", "object_store_memory": 80_000_000, "include_dashboard": False}
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "temp_dir": folder, **common})
for _ in range(nodes):
    cluster.add_node(wait=False, num_cpus=1, **common)
cluster.wait_for_nodes()
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
