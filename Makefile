# Every command a person needs. See "make help".

GO ?= go
# The race detector needs a C compiler.
RACE := $(shell CGO_ENABLED=1 $(GO) env CC | xargs -r which >/dev/null 2>&1 && echo -race)

.PHONY: help
help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "%-12s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## Run both updates end to end against a Zoho stand-in, and show what happened
	@$(GO) run ./examples/quickstart

.PHONY: test
test: ## Run all tests, with the race detector where there is a C compiler
	$(GO) test $(RACE) ./...

.PHONY: generate
generate: ## Make generated/ and client/codes.gen.go from spec/openapi.yaml
	$(GO) generate ./...

.PHONY: check
check: ## Check that generated code is current, and the code formatted and vetted
	$(GO) generate ./...
	git diff --exit-code -- generated client/codes.gen.go
	test -z "$$(git ls-files --others --exclude-standard generated client)"
	test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...

.PHONY: bench
bench: ## Compare a call of the SDK with one by hand and with the generated client
	$(GO) run ./contracttest/bench
