#!/usr/bin/env bash
# Times the training steps of backfire and of PyTorch (make bench). The arguments are those
# of scripts/bench, see `go run ./scripts/bench -h`.
#
# PyTorch is installed once into a Python environment in the cache directory (about 5 GB).
# With BACKFIRE_PYTHON=/path/to/python an existing one is used instead.
set -euo pipefail
cd "$(dirname "$0")/.."

torch=2.11.0
cache=${BACKFIRE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/backfire}
python=${BACKFIRE_PYTHON:-}
if [ -z "$python" ]; then
  environment=$cache/python-torch-$torch
  if [ ! -x "$environment/bin/python" ]; then
    echo "bench: making a Python environment with PyTorch $torch in $environment (about 5 GB, some minutes)" >&2
    rm -rf "$environment.partial"
    python3 -m venv "$environment.partial"
    "$environment.partial/bin/python" -m pip install "torch==$torch" numpy >&2
    mv "$environment.partial" "$environment"
  fi
  python=$environment/bin/python
fi
"$python" -c 'import torch' || {
  echo "bench: $python has no PyTorch: install torch==$torch there, or unset BACKFIRE_PYTHON" >&2
  exit 1
}
# backfire's workers run with this setting. PyTorch runs with it too, or with another allocator
# where one is installed, which serves it better.
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}
preload=$(ldconfig -p 2>/dev/null | awk '/libtcmalloc_minimal\.so\.|libtcmalloc\.so\.|libjemalloc\.so\./ { print $NF; exit }')
exec go run ./scripts/bench -python "$python" -preload "$preload" "$@"
