#!/usr/bin/env bash
# Runs a short training of the bridge's tests under valgrind's memcheck (make test-memory)
# and fails if it finds an error in libtorch or the shim. Errors whose innermost frame is
# Go's are ignored, since memcheck does not know Go's stacks and heap.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo 'memcheck: valgrind is missing (Debian and Ubuntu: apt install valgrind)' >&2; exit 1; }

mkdir -p bin
go test -c -o bin/torchbridge.test ./torchbridge
log=$PWD/bin/memcheck.log
cd torchbridge
OMP_NUM_THREADS=1 GODEBUG=asyncpreemptoff=1 valgrind --log-file="$log" --num-callers=30 --error-limit=no \
  ../bin/torchbridge.test -test.run '^(TestEpochReportsProgressAndCoversTheRest|TestExceptionsBecomeErrors)$'

awk '
  / (Invalid |Conditional jump|Use of uninitialised|Mismatched|Syscall param)/ { what = $0; next }
  what != "" && / at 0x/ {
    if ($0 !~ /\.(go|s):[0-9]+\)$/) { print what; print; found++ }
    what = ""
  }
  /definitely lost:/ { print; if (!/definitely lost: 0 bytes/) found++ }
  END { printf "memcheck: %d errors and leaks in libtorch and the shim\n", found; exit found > 0 }
' "$log"
