#!/bin/sh
# Fails with one sentence if the go command is missing or older than go.mod asks for. Run it in the root of the clone.
set -eu

need=$(sed -n 's/^go \([0-9.]*\).*/\1/p' go.mod)

# refuse prints what is wrong and the way out, and ends the script.
refuse() {
	echo "make: $1; backfire is built with Go $need or newer: unpack it from https://go.dev/dl/ and put its bin directory" \
		"at the front of PATH (the Go packages of many systems are older)" >&2
	exit 1
}

command -v go >/dev/null 2>&1 || refuse "Go is missing"

# Since 1.21 an older Go fetches the one that go.mod asks for, and fails here if it cannot.
if ! have=$(GOWORK=off go env GOVERSION 2>/dev/null); then
	have=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
	refuse "$(command -v go) is $have and cannot fetch a newer Go"
fi
have=${have%% *} # without the experiments that it was built with
case $have in
devel*) exit 0 ;; # built from Go's sources
'') refuse "$(command -v go) is older than Go 1.16" ;;
esac
oldest=$(printf '%s\n%s\n' "$need" "${have#go}" | sort -V | head -n 1)
[ "$oldest" = "$need" ] || refuse "$(command -v go) is $have"
