# Everything that is built and fetched lives in the cache directory and is shared by all clones; scripts/setup makes it.
CACHE := $(or $(BACKFIRE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/backfire)
SETUP := GOWORK=off go run ./scripts/setup
# Go compiles in silence. This tells what takes long, and is silent where Go has it in its build cache.
ANNOUNCE := scripts/announce.sh
SETUP_CHECK = $(ANNOUNCE) 'compiling set-up (up to half a minute the first time)' sh -c '$(SETUP) --check 2>/dev/null'

GOLANGCI_VERSION := v2.15.0
GOFUMPT_VERSION := v0.12.0
GOVULNCHECK_VERSION := v1.9.0
CLANG_FORMAT_VERSION := 20.1.8
AXE_VERSION := 4.10.3
AXE_SHA256 := 0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292
GOLANGCI := $(CACHE)/tools/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint
GOFUMPT := $(CACHE)/tools/gofumpt-$(GOFUMPT_VERSION)/gofumpt
GOVULNCHECK := $(CACHE)/tools/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck
CLANG_FORMAT_DIR := $(CACHE)/tools/clang-format-$(CLANG_FORMAT_VERSION)
AXE := $(CACHE)/tools/axe-core-$(AXE_VERSION)
CLANG_FORMAT := $(CLANG_FORMAT_DIR)/clang_format/data/bin/clang-format

# Evaluated by build alone. Without a tag the version is the one that package buildinfo declares.
VERSION = $(shell git describe --tags --dirty 2>/dev/null)
COMMIT = $(shell git describe --always --exclude '*' --abbrev=12 --dirty=+changes 2>/dev/null)
SHIM := $(wildcard torchbridge/*.h torchbridge/*.cpp torchbridge/testdata/arithmetic/*)

# Of the tables: make table1 DATASET=mnist PRESET=workstation SEEDS=6. DATASET=all is MNIST and CIFAR-10.
DATASET := embedded
PRESET := quick
SEEDS := 1
paper: DATASET = all
paper: PRESET = paper

.PHONY: help setup ready build wheel release quick table1 table2 table3 defenses paper test test-python test-slurm test-race test-memory lint fmt gallery bench gpu-check gpu-kit clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## fetch libtorch, adapt gotch, compile it once (minutes the first time, then seconds)
	@scripts/check-go.sh
	@$(SETUP_CHECK) || true
	@$(SETUP)

# Set-up only when something is missing: a fraction of a second otherwise.
ready:
	@scripts/check-go.sh
	@$(SETUP_CHECK) || $(SETUP)

# The command line is pure Go, so that it works where libtorch does not; the engine beside it links libtorch.
build: LDFLAGS = $(if $(VERSION),-X backfire/internal/buildinfo.version=$(VERSION)) -X backfire/internal/buildinfo.commit=$(COMMIT)
build: ready ## bin/backfire and bin/backfire-engine
	@$(ANNOUNCE) 'compiling bin/backfire (up to a minute the first time)' \
		env CGO_ENABLED=0 go build -ldflags '$(LDFLAGS)' -o bin/backfire .
	@$(ANNOUNCE) 'compiling bin/backfire-engine and linking it with libtorch (about a minute the first time)' \
		go build -ldflags '$(LDFLAGS)' -o bin/backfire-engine ./engine/backfire-engine

# CUDA=yes adds an engine for CUDA, which takes no GPU: make wheel CUDA=yes.
wheel release: PACKED = BACKFIRE_VERSION='$(VERSION)' BACKFIRE_COMMIT='$(COMMIT)' BACKFIRE_WHEEL_CUDA='$(CUDA)'

wheel: build ## dist/backfire-*.whl: pip install it, and "backfire quick" is all (CUDA=yes: also on a GPU)
	@$(ANNOUNCE) 'building the wheel (a minute the first time)' env $(PACKED) scripts/wheel.sh

release: build ## dist/: the wheel, a tar archive of programs and licence texts, SHA256SUMS, checked
	@env $(PACKED) scripts/release.sh '$(or $(VERSION),dev)'
	@scripts/check-release.sh dist

quick: build ## play the game on the embedded data, a few minutes
	bin/backfire quick

table1 table2 table3 defenses: build
	bin/backfire table $(@:table%=%) --dataset $(DATASET) --preset $(PRESET) --seeds $(SEEDS)

table1: ## the paper's table 1 (DATASET=embedded|mnist|cifar10|all PRESET=quick|workstation|paper SEEDS=1)
table2: ## the paper's table 2, likewise
table3: ## the paper's table 3, likewise
defenses: ## every defense against one attacker and against ten, likewise

paper: build ## all three tables at the paper's scale on both datasets from one sweep, for a GPU
	bin/backfire paper --dataset $(DATASET) --preset $(PRESET) --seeds $(SEEDS)

# Properties are tried on the same random values each time; plain go test takes others. The time is for slow machines.
test: ready ## every test
	@test -d $(AXE) || scripts/axe.sh $(AXE_VERSION) $(AXE_SHA256) $(AXE)
	RAPID_SEED=1 go test -timeout 30m ./...

test-python: build ## the Python package: types, tests, wheel (minutes; fetches PyTorch once)
	@scripts/test-python.sh

test-slurm: build ## table 1, small, as a job array on a real Slurm in a scratch directory (needs root, slurm-wlm, munge)
	@scripts/test-slurm.sh

# Of everything but the bridge to libtorch; the tests that train do so with libtorch as it is.
# Short: the simulation of a thousand workers takes the memory of a thousand.
test-race: ready ## the packages in pure Go under the race detector (half an hour)
	nice go test -race -short -p 1 -timeout 60m $$(go list -f '{{if not .CgoFiles}}{{.ImportPath}}{{end}}' ./...)

test-memory: ready ## a short training under valgrind (minutes)
	scripts/memcheck.sh

lint: ready $(GOLANGCI) $(GOVULNCHECK) $(CLANG_FORMAT) ## every check of style and structure
	$(GOLANGCI) run ./...
	@test "$$(go list -f '{{if .CgoFiles}}{{.ImportPath}}{{end}}' ./...)" = backfire/torchbridge || \
		{ echo 'cgo (import "C") lives in torchbridge alone' >&2; exit 1; }
	@! go list -deps . | grep -x -e backfire/engine -e backfire/torchbridge >&2 || \
		{ echo 'the command line does without the engine and libtorch' >&2; exit 1; }
	@! go list -deps ./engine/backfire-engine | grep -e spf13/viper -e spf13/cobra >&2 || \
		{ echo 'the engine does without configurations and commands' >&2; exit 1; }
	@GOWORK=off go run ./scripts/prosecheck
	$(CLANG_FORMAT) --dry-run -Werror $(SHIM)
	g++ $$(go list -f '{{join .CgoCXXFLAGS " "}}' ./torchbridge) -Werror -fsyntax-only $(filter %.cpp,$(SHIM))
	go mod verify
	@scripts/vulncheck.sh $(GOVULNCHECK)

fmt: $(GOFUMPT) $(CLANG_FORMAT) ## format all sources
	$(GOFUMPT) -l -w .
	$(CLANG_FORMAT) -i $(SHIM)

gallery: build ## the pages and pictures of docs/gallery from the results stored there (needs Chromium and xz)
	@rm -rf bin/gallery && mkdir -p bin/gallery && tar xJf docs/gallery/table.tar.xz -C bin/gallery
	@bin/backfire report --store bin/gallery/table -o docs/gallery/table.html
	@go run ./scripts/gallery docs/gallery/audit.json.gz docs/gallery/game.json.gz
	@for page in table audit game; do go run ./scripts/pageshots -o docs/gallery docs/gallery/$$page.html || exit 1; done

bench: build ## training speed beside PyTorch's
	scripts/bench.sh $(ARGUMENTS)

gpu-check: ready ## on a GPU: do all ways to train give the same model, and how fast beside PyTorch (JSON, 8 minutes)
	@go build -o bin/gpu-check ./scripts/gpucheck
	@bin/gpu-check

gpu-kit: ready ## bin/gpu-kit: checks and measurements for a GPU machine that has only PyTorch 2.11 (needs BACKFIRE_VARIANT=cuda make setup)
	@scripts/gpukit/make.sh

clean: ## remove what was built in this clone (not the cache, not results)
	rm -rf bin

# The tools build or unpack under a name with their version, once for all clones.
$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION) (about 3 minutes, once)"
	GOWORK=off GOBIN=$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

$(GOFUMPT):
	GOWORK=off GOBIN=$(@D) go install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)

$(GOVULNCHECK):
	GOWORK=off GOBIN=$(@D) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

$(CLANG_FORMAT):
	rm -rf $(CLANG_FORMAT_DIR)
	python3 -m pip install --quiet --disable-pip-version-check --no-deps --target $(CLANG_FORMAT_DIR) clang-format==$(CLANG_FORMAT_VERSION)
