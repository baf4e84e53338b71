# Every command a person needs. See "make help".

GO ?= go
# The race detector needs a C compiler.
RACE := $(shell CGO_ENABLED=1 $(GO) env CC | xargs -r which >/dev/null 2>&1 && echo -race)

# The Go modules besides that of the root.
MODULES := rediscache contracttest/fleet examples/opentelemetry

.PHONY: help
help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "%-12s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## Tell a user's story against a mock server, and show what happened
	@$(GO) run ./examples/demo

.PHONY: mock
mock: ## Serve the mock server on 127.0.0.1:8080, with a page to try it; ARGS="-token-lifetime 1m" adds flags
	@$(GO) build -o bin/ ./contracttest/zohomock && exec bin/zohomock $(ARGS)

.PHONY: test
test: ## Run all tests, with the race detector where there is a C compiler
	$(GO) test $(RACE) ./...
	for module in $(MODULES); do $(GO) test -C $$module $(RACE) ./... || exit 1; done

.PHONY: test-redis
test-redis: ## Test rediscache against a real Redis server (needs redis-server)
	REQUIRE_REDIS_SERVER=1 $(GO) test -C rediscache $(RACE) -count=1 ./...

FUZZTIME ?= 30s

.PHONY: fuzz
fuzz: ## Run each fuzz test of the module for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
		list=$$($(GO) test -list '^Fuzz' $$package); \
		for test in $$(echo "$$list" | grep '^Fuzz' || true); do \
			echo "$$package $$test"; \
			$(GO) test -run '^$$' -fuzz "^$$test\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
		done; \
	done

.PHONY: generate
generate: ## Make generated/ and client/codes.gen.go from spec/openapi.yaml
	$(GO) generate ./...

.PHONY: check
check: ## Check that generated code is current, and the code of all modules formatted and vetted
	$(GO) generate ./...
	git diff --exit-code -- generated client/codes.gen.go
	test -z "$$(git ls-files --others --exclude-standard generated client)"
	unformatted=$$(git ls-files '*.go' | xargs gofmt -l) && test -z "$$unformatted" || { echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	for module in $(MODULES); do $(GO) vet -C $$module ./... || exit 1; done

.PHONY: bench
bench: ## Compare a call of the client with one written by hand
	$(GO) run ./contracttest/bench

.PHONY: fleet
fleet: ## Show how 20 processes share a refresh token, with each kind of cache (starts redis-server if there is one)
	@bin=$$(mktemp -d) && trap 'rm -r "$$bin"' EXIT && $(GO) build -C contracttest/fleet $(RACE) -o "$$bin/fleet" . && "$$bin/fleet"

# Lines of product and of tests with their infrastructure, without generated code and examples.
PRODUCT := client internal filecache rediscache gen contracttest/zohotest contracttest/zohomock contracttest/livecheck
CODE := git ls-files '*.go' '*.tmpl' '*.html' '*.js' '*.css' '*.py' '*.toml' '*.txt' '*.ts' '*.java' '*.php' '*.rb' '*.rs' '*.cs' '*.cpp' | grep -v '^generated/\|^examples/\|testdata/\|\.gen\.go$$'

.PHONY: lines
lines: ## Count the lines of the project
	@product=$$(git ls-files $(PRODUCT) | grep '\.\(go\|tmpl\|html\|js\|css\)$$' | grep -v '_test\.go$$\|\.gen\.go$$'); \
	lines=$$(cat $$product | wc -l); all=$$($(CODE) | xargs cat | wc -l); \
	echo "client, without comments and blank lines   $$(ls client/*.go | grep -v '_test\.go$$\|\.gen\.go$$' | xargs cat | grep -vcE '^[[:space:]]*(//.*)?$$')"; \
	echo "product                                    $$lines"; \
	echo "tests and their infrastructure             $$((all - lines))"; \
	echo "data files of tests                        $$(git ls-files | grep -c testdata/)"

.PHONY: figures
figures: ## Measure a call, several processes and the size of the project, and write docs/figures.md
	@out=$$(mktemp) && trap 'rm '"$$out" EXIT && { \
	echo "# Figures"; echo; \
	echo "\`make figures\` wrote this page with $$($(GO) env GOVERSION) on $$(nproc 2>/dev/null || sysctl -n hw.ncpu) cores. Ratios and counts are comparable between machines, times are not."; \
	for target in bench fleet lines; do \
		printf '\n## `make %s`: %s\n\n```\n' $$target "$$(sed -n "s/^$$target:.*## //p" $(MAKEFILE_LIST))"; \
		$(MAKE) -s --no-print-directory $$target || exit 1; echo '```'; \
	done; } > "$$out" && cp "$$out" docs/figures.md && cat docs/figures.md

.PHONY: spec-lint
spec-lint: ## Lint spec/openapi.yaml with Redocly and Spectral (needs Node.js and the network)
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx --yes @redocly/cli@2.77.0 lint --config spec/redocly.yaml spec/openapi.yaml
	npx --yes --package @stoplight/spectral-cli@6.16.3 spectral lint --ruleset spec/spectral.yaml --fail-severity=hint spec/openapi.yaml

.PHONY: spec-diff
spec-diff: ## List changes of spec/openapi.yaml since its last release that need a new major version
	@if [ ! -f spec/released/openapi.yaml ]; then echo "spec/released/openapi.yaml does not exist: no spec is released yet"; else \
	$(GO) run github.com/oasdiff/oasdiff@v1.33.0 breaking --fail-on WARN --severity-levels spec/oasdiff-severity.txt \
		spec/released/openapi.yaml spec/openapi.yaml; fi

.PHONY: interop
interop: ## Generate clients in other languages, and run each against the mock server (needs the network)
	python3 interop/run.py

.PHONY: browser-test
browser-test: ## Test the page of the mock server in Chromium (needs Node.js, Chromium and the network)
	npm ci --prefix interop/browser --no-audit --no-fund
	node interop/browser/test.js

.PHONY: live-check
live-check: ## Compare spec, client and mock server with a live org: prints the plan, ARGS="-dc EU -module NAME -run" sends it
	@$(GO) build -o bin/ ./contracttest/livecheck && exec bin/livecheck $(ARGS)

.PHONY: lint
lint: ## Run golangci-lint on all modules (needs the network once)
	bin=$$(mktemp -d) && trap 'rm -r "$$bin"' EXIT && GOBIN="$$bin" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 && \
	for module in . $(MODULES); do (cd $$module && "$$bin/golangci-lint" run ./...) || exit 1; done

.PHONY: vuln
vuln: ## Look for known vulnerabilities in what is linked (needs the network)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.8.0 ./...

MODULE = github.com/seed-87e331f0/zohocrm-go
APIDIFF = $(GO) run golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e

.PHONY: apidiff
apidiff: ## List changes that break the Go API of the last release (needs the network once)
	@tag=$$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null) || { echo "no release to compare with"; exit 0; }; \
	old=$$(mktemp -d) && trap 'git worktree remove --force '"$$old"'/release' EXIT && \
	git worktree add --quiet --detach $$old/release $$tag && \
	for package in client filecache contracttest/zohotest spec rediscache; do \
		dir=.; [ $$package != rediscache ] || dir=rediscache; \
		(cd $$old/release/$$dir && $(APIDIFF) -w $$old/api $(MODULE)/$$package) && \
		broken=$$(cd $$dir && $(APIDIFF) -incompatible $$old/api $(MODULE)/$$package) || exit 1; \
		[ -z "$$broken" ] || { echo "$$package: $$broken"; failed=1; }; \
	done; [ -z "$$failed" ]

.PHONY: dist
dist: ## Build zohomock for Linux, macOS and Windows into dist/, with checksums
	rm -rf dist && mkdir dist
	for os in linux darwin windows; do for arch in amd64 arm64; do \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags "-X main.version=$$(git describe --tags --match 'v*' --always --dirty)" -o dist/zohomock-$$os-$$arch$$([ $$os = windows ] && echo .exe) ./contracttest/zohomock || exit 1; \
	done; done
	cd dist && sha256sum zohomock-* > SHA256SUMS

CONTAINER ?= podman

.PHONY: container
container: ## Build a container of dist/zohomock-linux-* (needs podman, or CONTAINER=docker or buildah)
	$(CONTAINER) build -f contracttest/zohomock/Containerfile -t zohomock .

.PHONY: licences
licences: ## List the licences of the modules that client links
	@$(GO) list -deps -f '{{with .Module}}{{.Path}} {{.Version}} {{.Dir}}{{end}}' ./client | sort -u | while read -r path version dir; do \
		[ -z "$$dir" ] || echo "$$path $$version: $$(cat $$dir/LICENSE* | grep -om 1 'MIT License\|Apache License\|Redistribution and use' | sed 's/Redistribution and use/BSD licence/')"; done

.PHONY: release-check
release-check: ## Run everything that must pass before a release, and list what failed
	@failed=; for target in check test test-redis lint spec-lint spec-diff apidiff vuln fleet browser-test interop dist licences; do \
		echo "== make $$target"; $(MAKE) $$target || failed="$$failed $$target"; done; \
	[ -z "$$(git status --porcelain)" ] || failed="$$failed (uncommitted changes)"; \
	grep -q "^## \[$$(sed -n 's/^const userAgent = "zohocrm-go\/\(.*\)"$$/\1/p' client/client.go)\]" CHANGELOG.md || failed="$$failed (no CHANGELOG entry for the version in userAgent)"; \
	[ -f spec/released/openapi.yaml ] || failed="$$failed (spec/released/openapi.yaml is missing)"; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }
