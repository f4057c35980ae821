# The commands of this repository. `make` lists them; CI runs `lint`, `test` and `demo`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
sources := Sources Tests Benchmarks Faults Fuzz Package.swift

# What `sluice --version` and every run say; see Package.swift.
SLUICE_COMMIT ?= $(shell scripts/commit)
export SLUICE_COMMIT

.PHONY: help deps build demo docs test test-bare test-faults test-cluster simulate-cluster test-schedulers test-address test-thread test-readers fuzz fuzz-all lint format install uninstall dist bench bench-against clean

help: ## List these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## Check for Swift and install the Debian packages that are missing
	@scripts/install-deps

build: deps ## Build the program: .build/release/sluice
	swift build -c release --product sluice

demo: build ## Show it in a minute: a screening by three networks, killed and gone on with, ranked, compared, reported
	@scripts/demo

test: deps ## Run the tests (some minutes once built; FILTER=NAME runs some)
	@scripts/test $(if $(FILTER),--filter '$(FILTER)')

test-bare: ## Run `make demo` and `make test` in a clean clone in a bare Debian (root; see scripts/check-bare-debian)
	@scripts/check-bare-debian

test-faults: build ## Kill, starve and damage runs in many ways, and print what was lost
	swift build -c release --product SluiceFaults
	.build/release/SluiceFaults .build/release/sluice

test-cluster: build ## Run shards on a private Slurm cluster of this machine, and break it in many ways (root)
	@scripts/test-cluster $(CASES)

simulate-cluster: build ## Plan, watch and merge a billion candidates on a simulated cluster that loses nodes, and count
	swift build -c release --product SluiceFaults
	.build/release/SluiceFaults .build/release/sluice simulation

test-schedulers: build ## Run a campaign by Snakemake, GNU parallel, Parsl and Dask, as docs/cluster.md shows it, where they are installed
	@scripts/test-schedulers $(CASES)

test-address: deps ## Run the tests under AddressSanitizer (FILTER=NAME runs some)
	ASAN_OPTIONS=detect_leaks=0 swift test --disable-xctest --sanitize address --scratch-path .build-address \
	  $(if $(FILTER),--filter '$(FILTER)')

test-thread: deps ## Run the tests under ThreadSanitizer (FILTER=NAME runs some)
	TSAN_OPTIONS=suppressions=$(CURDIR)/scripts/thread-suppressions swift test --disable-xctest --sanitize thread \
	  --scratch-path .build-thread $(if $(FILTER),--filter '$(FILTER)')

test-readers: build ## Read COUNT (5000) files of SEED (1) in many dialects, beside pymatgen, ASE and gemmi
	@scripts/test-readers --count $(or $(COUNT),5000) --seed $(or $(SEED),1)

fuzz: deps ## Fuzz one reader: TARGET=cif SECONDS=600
	@scripts/fuzz $(or $(TARGET),all) $(or $(SECONDS),600)

fuzz-all: deps ## Fuzz every reader for SECONDS each (60)
	@scripts/fuzz all $(or $(SECONDS),60)

lint: ## Check formatting, style, imports between layers, generated files, and paths and targets named in documents
	swift format lint --strict --recursive --parallel $(sources)
	@scripts/check-layers
	@scripts/check-paths
	@scripts/check-targets
	@scripts/generate-kernel-forwarding --check

format: ## Format all Swift files in place
	swift format --in-place --recursive --parallel $(sources)

docs: build ## Write the documentation of the modules: .build/docs, a site for a browser
	@scripts/docs

install: build ## Install into PREFIX (/usr/local), within DESTDIR where one is given
	@scripts/install .build/release/sluice '$(DESTDIR)$(PREFIX)'

uninstall: ## Remove what was installed into PREFIX
	@scripts/install --remove '$(DESTDIR)$(PREFIX)'

dist: build ## Make an archive of the program and all it needs, to be unpacked anywhere: .build/dist/sluice-*.tar.zst
	@scripts/dist

bench: build ## Measure: prints medians and ratios to the plain references
	@scripts/bench

bench-against: deps ## Measure row by row beside the build of BASE=COMMIT, in turn (ROUNDS=5; ARGUMENTS=--products)
	swift build -c release --product SluiceBenchmarks
	@scripts/compare-benchmarks '$(or $(BASE),HEAD)' .build/release/SluiceBenchmarks $(ROUNDS) -- $(ARGUMENTS)

clean: ## Remove what was built
	swift package clean
