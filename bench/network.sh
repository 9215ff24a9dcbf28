#!/bin/sh
# npm run bench:network: workers on a network of their own. Four network namespaces are machines, a bridge in a fifth is the switch, a veth pair
# is the cable of each, and a token bucket on both of its ends sets the rate. Nothing leaves this machine. bench/network.ts measures.
#
#   -- --only equal|time|cable   one part of it   [default: all]
#   -- --steps N                 timed steps      [default: 6, of which 100 Mbit/s has half]
set -eu
cd "$(dirname "$0")/.."
network="signet-$$"

skip() {
  echo "SKIPPED: the network was not measured: $1. It takes Linux, root, and the kernel's network namespaces, veth, bridge and tbf." >&2
  exit 0
}

# Whatever was made of it; processes in a namespace end first.
take_down() {
  for name in switch 0 1 2 3; do
    ip netns pids "$network-$name" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    ip netns del "$network-$name" 2>/dev/null || true
  done
}

command -v ip >/dev/null || skip "there is no command ip (Debian's package iproute2)"
command -v tc >/dev/null || skip "there is no command tc (Debian's package iproute2)"
[ "$(id -u)" = 0 ] || skip 'this is not root'
trap take_down EXIT
trap 'exit 130' INT TERM
ip netns add "$network-switch" 2>/dev/null || skip 'network namespaces are not allowed here'
ip -n "$network-switch" link add bridge type bridge 2>/dev/null || skip 'the kernel has no bridge'
ip -n "$network-switch" link set bridge up
for worker in 0 1 2 3; do
  machine="$network-$worker"
  ip netns add "$machine"
  ip link add wire netns "$machine" type veth peer name "port$worker" netns "$network-switch" 2>/dev/null || skip 'the kernel has no veth'
  ip -n "$network-switch" link set "port$worker" master bridge up
  # Addresses that are reserved for measuring networks (RFC 2544).
  ip -n "$machine" address add "198.18.0.$((worker + 1))/24" dev wire
  ip -n "$machine" link set lo up
  ip -n "$machine" link set wire up
  tc -n "$machine" qdisc replace dev wire root tbf rate 1gbit burst 128kb latency 50ms 2>/dev/null || skip 'the kernel has no tbf'
done
SIGNET_NETWORK="$network" npx tsx bench/network.ts "$@"
