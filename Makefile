# The commands of this repository. `make` lists them; CI runs `lint`, `test` and `demo`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

sources := Sources Tests Benchmarks Package.swift

.PHONY: help deps build demo test lint format bench clean

help: ## List these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

deps: ## Check for Swift and install the Debian packages that are missing
	@scripts/install-deps

build: deps ## Build the program: .build/release/sluice
	swift build -c release --product sluice

demo: build ## Run the quickstart campaign into a fresh folder and rank what it found
	@scripts/demo

test: deps ## Run the tests (about a minute once built; FILTER=NAME runs some)
	swift test --disable-xctest $(if $(FILTER),--filter $(FILTER))

lint: ## Check formatting, style, imports between layers, and the paths named in documents
	swift format lint --strict --recursive --parallel $(sources)
	@scripts/check-layers
	@scripts/check-paths

format: ## Format all Swift files in place
	swift format --in-place --recursive --parallel $(sources)

bench: build ## Measure: prints medians and ratios to the plain references
	@scripts/bench

clean: ## Remove what was built
	swift package clean
