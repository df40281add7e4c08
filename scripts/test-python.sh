#!/usr/bin/env bash
# Checks the Python package: types, then its tests on the programs in bin/, then the wheel's tag and content.
# PyTorch is that of the benchmarks (scripts/bench.sh); everything else is installed once, in the cache.
# Where they cannot be installed (they take 5 GB), nothing is checked, and a message says so.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
	echo "skipped: the Python package was not checked, since $1 cannot be installed here" >&2
	exit 0
}

torch=2.11.0
cache=${BACKFIRE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/backfire}
base=$cache/python-torch-$torch
if [ ! -x "$base/bin/python" ]; then
	echo "installing PyTorch $torch into $base (minutes, once)" >&2
	rm -rf "$base"
	python3 -m venv "$base"
	"$base/bin/python" -m pip install --quiet "torch==$torch" numpy >&2 || { rm -rf "$base"; skip "PyTorch $torch"; }
fi
tests=$cache/tools/python-tests-1
if [ ! -e "$tests/complete" ]; then
	rm -rf "$tests"
	python3 -m venv "$tests"
	"$base/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' >"$tests/torch.txt"
	cp "$tests/torch.txt" "$("$tests/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/torch.pth"
	"$tests/bin/python" -m pip install --quiet --disable-pip-version-check pytest==9.2.0 mypy==2.4.1 pandas==3.1.1 \
		pandas-stubs==3.1.0.261029 scikit-learn==1.9.1 pyarrow nbclient nbformat ipykernel mlcroissant==1.1.1 pillow >&2 || skip "pytest with its libraries"
	"$tests/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps torchvision==0.26.0 >&2 || skip torchvision
	touch "$tests/complete"
fi

(cd python && "$tests/bin/mypy" --strict src/backfire)
(cd python && BACKFIRE=$PWD/../bin/backfire PYTHONPATH=$PWD/src "$tests/bin/python" -m pytest -q)
scripts/wheel.sh
