# `make` prints this menu; each target is one script of scripts/.
.DEFAULT_GOAL := help
.PHONY: help setup build run watch check test bench bench-engines bench-telemetry fuzz wasm-cost services services-stop run-cluster faults journeys tab-closes image clean

help: ## Print this menu
	@echo 'Glassboard: a message board with glass walls. Commands:'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'New here? `make run` installs what is missing, builds everything and serves it.'

setup: ## Install whatever building, testing and measuring need and is missing
	@scripts/setup.sh build test bench

build: ## Build the product: dist/glassboard, one file
	@scripts/setup.sh build
	@scripts/build.sh

run: build ## Build, then serve on this machine; ARGS='--listen 127.0.0.1:8080' are passed on
	@exec dist/glassboard $(ARGS)

watch: ## Serve a debug build that is built and started anew after every change
	@scripts/setup.sh build
	@scripts/watch.sh

check: ## Check quickly: format, lints, unit tests
	@scripts/setup.sh build
	@scripts/check.sh

test: ## Check everything, the pages in a real browser included
	@scripts/setup.sh build test
	@scripts/test.sh

bench: ## Measure (see docs/BENCHMARKS.md)
	@scripts/setup.sh build bench
	@scripts/bench.sh

services: ## Start MariaDB, Redis and Kafka on loopback, and print the variables that put the board on them
	@scripts/services.sh start

services-stop: ## Stop them; their data stays in .services/
	@scripts/services.sh stop

run-cluster: ## Serve two web processes on these engines behind a proxy, with two workers
	@scripts/run-cluster.sh

faults: ## Kill and restart processes on these engines under load, stop Kafka, and count what is lost
	@scripts/setup.sh build services
	@scripts/services.sh start
	@scripts/build.sh
	@node scripts/cluster-faults.mjs dist/glassboard
	@node scripts/kafka-faults.mjs dist/glassboard

bench-engines: ## Measure on these engines (see docs/BENCHMARKS.md)
	@scripts/setup.sh build bench services
	@scripts/bench-engines.sh

journeys: ## Let N people (1000) use the board in a browser, and check every edge of their traces; N=10 for a look
	@scripts/journeys.sh journeys $(or $(N),1000)

tab-closes: ## Close N tabs (1000) at random moments, and count which spans arrive
	@scripts/journeys.sh tab-closes $(or $(N),1000)

fuzz: ## Send the relay anything, so many MINUTES (30) for each format, looking for ways through its code
	@scripts/setup.sh build
	@scripts/fuzz.sh $$(( $(or $(MINUTES),30) * 60 ))

bench-telemetry: ## Measure what recording costs (see docs/BENCHMARKS.md)
	@scripts/setup.sh build bench
	@scripts/build.sh
	@node scripts/bench-telemetry.mjs dist/glassboard

wasm-cost: ## Measure what telemetry costs the pages: built, loaded and clicked with it and without
	@scripts/setup.sh build test
	@scripts/wasm-cost.sh

image: ## Build the container image, start it, and try it; ARGS='--binary dist/glassboard' skips the build inside
	@scripts/setup.sh image
	@scripts/image.sh $(ARGS)

clean: ## Remove everything that was built here
	@cargo clean
	@rm -rf dist end2end/test-results end2end/playwright-report
