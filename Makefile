STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = go run golang.org/x/vuln/cmd/govulncheck@v1.1.4

.PHONY: all fmt lint test race model soak chaos demo vuln

all: fmt lint test

fmt: ## Format every Go file.
	gofmt -w .

lint: ## What a reviewer should not have to say.
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...
	go mod tidy -diff

test: ## The test command of the README.
	go test ./...

race: ## The same with the race detector, as CI runs it.
	go test -race -timeout 20m ./...

model: ## A million random schedules of the decision, for the night; tells how far it is.
	go test ./presence -run TestAnySchedule -night 1000000 -v -timeout 4h

soak: ## A simulated day with 5,000 and 10,000 people in bad weather; takes some minutes.
	go test ./graph -run TestDayInAnyWeather -soak -v -timeout 60m

chaos: ## 2,000 people, 200 kills and one fault in a hundred requests; takes some ten minutes.
	go run ./cmd/connector chaos

demo: ## The demo of the README.
	go run ./cmd/connector demo

vuln: ## Known vulnerabilities; needs vuln.go.dev.
	$(GOVULNCHECK) ./...
