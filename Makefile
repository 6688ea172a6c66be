# The targets of this project. "make help" lists them.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS  = -s -w -buildid= -X ecrlogin/internal/version.linked=$(VERSION) -X ecrlogin/internal/version.commit=$(COMMIT)
BUILD    = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'
# The environment of other commands that compile for this machine. They share the packages of BUILD in Go's build cache,
# which contains a package once more for each setting of cgo, -trimpath, -race and GOFIPS140.
SHARED   = CGO_ENABLED=0 GOFLAGS='$(GOFLAGS) -trimpath -buildvcs=false'
HELPER   = docker-credential-ecr-login
# The helper sends a few requests and exits. It does without HTTP/2, which would add 0.35 MiB.
BUILD_HELPER = $(BUILD) -tags nethttpomithttp2
REFRESH  = ecr-token-refresh
# The Go Cryptographic Module of "make fips": a version such as v1.0.0, or "certified", the newest that the Go release
# contains and that has a CMVP certificate. It is part of the Go release; nothing is downloaded.
FIPS    ?= certified
# The date of the manual pages in Unix seconds: the date of the commit, or of the build if there is no repository.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
# The fuzz targets, and how long each of them runs: a time, or a number of executions such as 3000x.
FUZZ     ?= cache config credentials internal registry refresh e2e/matching
FUZZTIME ?= 10m
SOAK     ?= 10m
HELM_VERSION = v4.3.1
MANIFESTS   ?= deploy/kubernetes
# The directory of the release.
DIST    ?= dist/$(VERSION)
# The chart needs a semantic version, even without a tag. The version of its programs is the tag of the image.
CHART_VERSION ?= $(shell echo '$(VERSION)' | sed -E 's/^v([0-9])/\1/; /^[0-9]+\.[0-9]+\.[0-9]+/!s/^/0.0.0-g/')
# The image of "make image", its container engine and its architecture; the architectures of a release; and the
# certificates in images.
IMAGE         ?= ecr-token-refresh:$(VERSION)
DOCKER        ?= docker
ARCH          ?= $(shell $(GO) env GOARCH)
IMAGE_ARCHS   ?= amd64 arm64
CERTIFICATES  ?= /etc/ssl/certs/ca-certificates.crt
IMAGE_DIR     ?= dist/image
WRITE_IMAGE    = SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(SHARED) $(GO) run ./internal/release/image \
	-version $(VERSION) -revision $(COMMIT) -programs $(IMAGE_DIR) -certificates $(CERTIFICATES)
# The URL of the directory with the versions. Replace OWNER.
RELEASE_URL ?= https://github.com/OWNER/ecr-login/releases/download
# The platforms of the helper. ecr-token-refresh runs in containers, so that it is built for Linux only. Its Kubernetes
# client takes long to compile.
PLATFORMS   ?= linux/amd64 linux/arm64 linux/armv7 linux/s390x linux/ppc64le linux/riscv64 darwin/amd64 darwin/arm64 \
	windows/amd64 windows/arm64 freebsd/amd64 freebsd/arm64
REFRESH_PLATFORMS = $(filter linux/amd64 linux/arm64,$(PLATFORMS))
# Releases are built with this version of Go. Go downloads it if another one is installed; "local" uses the installed one.
RELEASE_TOOLCHAIN ?= go$(shell cat .go-version)
# Variables of the environment that change the programs get Go's defaults.
RELEASE_ENV = GOTOOLCHAIN=$(RELEASE_TOOLCHAIN) GOFLAGS= GOEXPERIMENT= GOWORK=off GOFIPS140=off \
	GOAMD64=v1 GOARM64=v8.0 GOARM=7 GOPPC64=power8 GORISCV64=rva20u64
RELEASE_TOOL = SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(SHARED) $(GO) run ./internal/release/dist

.DEFAULT_GOAL := help
# No target is a file.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*/\1/p' $(MAKEFILE_LIST))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile

build: ## build the static programs in bin: the helper, also as ecr-credential-provider, and ecr-token-refresh; and bin/man
	$(BUILD_HELPER) -o bin/$(HELPER) ./ecr-login/$(HELPER)
	@ln -sf $(HELPER) bin/ecr-credential-provider
	$(BUILD) -o bin/$(REFRESH) ./ecr-login/$(REFRESH)
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(SHARED) $(GO) run ./internal/man bin/man

fips: ## build the programs in bin/fips with Go's certified FIPS 140-3 module, in FIPS mode by default
	GOFIPS140=$(FIPS) $(BUILD_HELPER) -o bin/fips/$(HELPER) ./ecr-login/$(HELPER)
	@ln -sf $(HELPER) bin/fips/ecr-credential-provider
	GOFIPS140=$(FIPS) $(BUILD) -o bin/fips/$(REFRESH) ./ecr-login/$(REFRESH)

# The race detector requires a C compiler. CI must have one. "make lint" runs go vet. On a busy machine, a package can
# take longer than the default of 10 minutes.
test: ## run the unit tests, with the race detector if there is a C compiler
	@race=-race; if [ "$$($(GO) env CGO_ENABLED)" != 1 ]; then \
		[ -z "$$CI" ] || { echo 'make test: no C compiler found, which the race detector requires in CI; install gcc' >&2; exit 1; }; \
		race=; echo 'make test: no C compiler found: the race detector is disabled; install gcc to enable it'; fi; \
	echo $(GO) test -vet=off -timeout 30m $$race ./...; $(GO) test -vet=off -timeout 30m $$race ./...
	cd tools/sbom && $(SHARED) $(GO) test -vet=off ./...

# Go's certified module, and an error or a panic for each use of another algorithm. The mode changes only package crypto
# and those below it. A package is skipped if neither it nor its tests depend on any of them.
test-fips: ## run the unit tests with only the algorithms of FIPS 140-3
	GODEBUG=fips140=only GOFIPS140=$(FIPS) $(SHARED) $(GO) test -vet=off -timeout 30m $$($(GO) list -test \
		-f '{{$$for := .ForTest}}{{if $$for}}{{range .Deps}}{{$$for}} {{.}}{{"\n"}}{{end}}{{end}}' ./... | \
		awk '$$2 ~ /^crypto($$|\/)/ && !seen[$$1]++ { print $$1 }')

# actionlint also runs shellcheck on the scripts of the workflows, if it is installed.
lint: ## gofmt, go mod tidy, go vet and staticcheck, in all modules; actionlint and capslock
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo 'the files above are not formatted; run: gofmt -w .' >&2; exit 1; }
	cd tools && $(GO) mod tidy -diff && $(SHARED) GOBIN=$(CURDIR)/bin $(GO) install tool
	bin/actionlint
	@for module in . e2e tools/sbom tools/capslock; do echo "lint $$module"; \
		(cd $$module && $(GO) mod tidy -diff && $(SHARED) $(GO) vet ./... && $(SHARED) $(CURDIR)/bin/staticcheck ./...) || exit 1; done
	cd tools/capslock && $(SHARED) $(GO) test -vet=off -count=1 ./...

# The first build of Kubernetes takes five minutes and 2.7 GB of the Go build cache, of Docker Compose two minutes, and
# of containerd 2, Docker 29 and ORAS about one minute each. Later builds take five seconds. The tests take about eight
# minutes.
e2e: build ## run the tests with real clients and a real Kubernetes node; requires root, installs Debian packages
	ECR_LOGIN_HELPER=$(CURDIR)/bin/$(HELPER) ECR_TOKEN_REFRESH=$(CURDIR)/bin/$(REFRESH) e2e/run.sh

e2e-programs: ## compile the clients and Kubernetes for e2e, so that they are in Go's build cache
	cd e2e && ECR_LOGIN_E2E_STAGE=build $(SHARED) $(GO) test -count=1 -vet=off -p 1 -timeout 60m . ./kubernetes

screenshot: ## take the picture of the status page in docs/images; requires root and Chromium
	cd e2e && $(GO) test -count=1 -v ./kubernetes -run 'TestStatusPage$$' -args -screenshot $(CURDIR)/docs/images/status.png

pictures: build ## draw the output of demo, doctor and configure in docs/images; requires Linux
	$(GO) run ./internal/pictures bin/$(HELPER) bin/$(REFRESH) docs/images

check-pictures: build ## check that the pictures are what the programs print; requires Linux
	$(GO) run ./internal/pictures -check bin/$(HELPER) bin/$(REFRESH) docs/images

bench: build ## measure time, calls and memory, against an echo program and Debian's helper; CROWDS=1 adds large numbers of requests
	$(GO) run ./internal/bench $(if $(CROWDS),-crowds) bin/$(HELPER) bin/$(REFRESH)

compare: build ## measure OTHERS, programs such as 'NAME=/path/to/ecr-credential-provider', alternately with the same requests
	$(GO) run ./internal/bench bin/$(HELPER) bin/$(REFRESH) $(OTHERS)

demo: build ## push and pull without a login, against a stand-in for ECR; requires no root, Docker or AWS
	@$(SHARED) $(GO) run ./internal/demo bin/$(HELPER) bin/$(REFRESH)

# The order matters: packages contain what "make build" and "make notices" write to bin, the images contain the programs of
# the archives, the SBOM describes them, and the checksums are those of all files.
DIST_TARGETS ?= dist-programs dist-archives dist-packages $(if $(REFRESH_PLATFORMS),dist-images) dist-chart dist-sbom dist-sums
dist: ## write all files of a release to DIST (dist/VERSION), for PLATFORMS (linux/amd64 linux/arm64 ...)
	@rm -rf $(DIST)
	@umask 022; for target in $(DIST_TARGETS); do \
		echo "$$target" && $(RELEASE_ENV) $(MAKE) --silent $$target IMAGE_DIR=$(DIST) \
			IMAGE_ARCHS='$(REFRESH_PLATFORMS:linux/%=%)' || exit 1; done

# linux/armv7 is GOARCH=arm with GOARM=7.
dist-programs: GOFLAGS =
dist-programs: ## build the programs of a release for PLATFORMS
	@for platform in $(PLATFORMS); do \
		out=$(DIST)/$${platform%/*}-$${platform#*/}; arch=$${platform#*/}; exe=; \
		[ $$arch != armv7 ] || arch=arm; [ $${platform%/*} != windows ] || exe=.exe; \
		export $(RELEASE_ENV) GOOS=$${platform%/*} GOARCH=$$arch; \
		echo $$out; $(BUILD_HELPER) -o $$out/$(HELPER)$$exe ./ecr-login/$(HELPER) || exit 1; \
		case ' $(REFRESH_PLATFORMS) ' in *" $$platform "*) \
			$(BUILD) -o $$out/$(REFRESH) ./ecr-login/$(REFRESH) || exit 1;; esac; done

dist-archives: build notices ## write archives, a checksum for each program, the Homebrew formula and the Scoop manifest
	@$(RELEASE_TOOL) archives -version '$(VERSION)' -dir $(DIST) -url $(RELEASE_URL)

# nfpm is built in its own module, because it has many dependencies. The packages contain what "make build" writes to bin.
dist-packages: ## write deb, rpm and apk packages
	@cd tools/nfpm && $(SHARED) $(GO) build -o ../../bin/nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm
	@$(RELEASE_TOOL) packages -version '$(VERSION)' -dir $(DIST) -url $(RELEASE_URL)

dist-sums: ## write SHA256SUMS and SHA512SUMS of all files of a release
	@$(RELEASE_TOOL) sums -dir $(DIST)

reproduce: build ## build again in another directory, and compare the bytes
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	tar -c --exclude=./.git --exclude=./bin --exclude=./dist . | tar -x -C "$$copy" && \
	$(MAKE) -s -C "$$copy" build VERSION=$(VERSION) COMMIT=$(COMMIT) && \
	cmp bin/$(HELPER) "$$copy/bin/$(HELPER)" && cmp bin/$(REFRESH) "$$copy/bin/$(REFRESH)" && \
	echo "identical builds in $(CURDIR) and $$copy"

# The tag of the release must be in this clone. Its Makefile determines the version of Go and other settings, and its
# commit the time of the files. Variables of the command line, such as PLATFORMS, are part of the environment.
reproduce-release: ## build the release VERSION again, and compare the files with SUMS, its SHA256SUMS
	@[ -f '$(SUMS)' ] || { echo 'usage: make reproduce-release VERSION=0.1.0 SUMS=SHA256SUMS' >&2; exit 2; }
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	git clone --quiet --no-checkout . "$$copy" && git -C "$$copy" checkout --quiet '$(VERSION)' && \
	env -u MAKEFLAGS -u MAKEOVERRIDES -u SOURCE_DATE_EPOCH -u COMMIT $(MAKE) --no-print-directory -C "$$copy" dist \
		VERSION='$(VERSION)' DIST='dist/$(VERSION)' DIST_TARGETS='dist-programs dist-archives dist-packages' && \
	$(RELEASE_TOOL) verify -sums '$(SUMS)' -dir "$$copy/dist/$(VERSION)"

# Each target of a package is built again with instrumentation for coverage. The corpus that is kept is in testdata/fuzz;
# what a run adds is in the Go build cache, or in testdata/fuzz if it fails.
fuzz: ## run the fuzz targets in the directories FUZZ (all) for FUZZTIME (10m) each
	@targets=$$(grep -oHr --include='*_test.go' '^func Fuzz[A-Za-z]*' $(strip $(FUZZ))) || exit 1; \
	echo "$$targets" | sort | { failed=0; while IFS=: read -r file func; do \
		module=. package=./$${file%/*}; case $$package in ./e2e/*) module=e2e package=./$${package#./e2e/};; esac; \
		echo "$${file%/*} $${func#func }"; \
		$(SHARED) $(GO) test -C $$module -vet=off $$package -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) || failed=1; \
	done; exit $$failed; }

soak: build ## run both programs for SOAK (10m) and longer while AWS fails and files are deleted; requires Linux
	$(SHARED) $(GO) run ./internal/soak -for $(SOAK) bin/$(HELPER) bin/$(REFRESH)

cover: ## print the statement coverage of the most important packages
	$(GO) test -cover -coverpkg=./cache,./internal/store,./internal/cachekey,./internal/keychain ./cache
	$(GO) test -cover ./registry ./credentials/...

# The plain manifests are rendered from the chart, without the comments that Helm adds.
manifests: helm ## render deploy/kubernetes from the Helm chart and deploy/helm/examples
	@for values in deploy/helm/examples/*.yaml; do out=$(MANIFESTS)/$${values##*/}; \
		{ sed '/^[^#]/,$$d' "$$values"; \
		printf '#\n# Rendered from %s by "make manifests".\n# Change the image, the AWS identity and the configuration before use.\n' "$$values"; \
		bin/helm template ecr-token-refresh deploy/helm/ecr-token-refresh --namespace ecr-token-refresh --values "$$values" | \
			sed '/^# Source: /d; /^$$/d'; } >"$$out.new" && mv "$$out.new" "$$out" || exit 1; done

# Helm is built in its own module, because it has many dependencies.
helm: ## build bin/helm, which renders and tests the chart
	@GOBIN=$(CURDIR)/bin $(SHARED) $(GO) install helm.sh/helm/v4/cmd/helm@$(HELM_VERSION)

# No container engine is needed to write an image, and none changes it: internal/release/image describes the content.
image: IMAGE_ARCHS = $(ARCH)
image: image-programs ## build the container image IMAGE for ARCH, and load it with DOCKER (docker or podman)
	@$(WRITE_IMAGE) -kind $(REFRESH) -name $(IMAGE) -arch $(ARCH) $(IMAGE_DIR)/$(REFRESH).tar
	$(DOCKER) load --input $(IMAGE_DIR)/$(REFRESH).tar

image-programs:
	@for arch in $(IMAGE_ARCHS); do \
		GOOS=linux GOARCH=$$arch $(BUILD_HELPER) -o $(IMAGE_DIR)/linux-$$arch/$(HELPER) ./ecr-login/$(HELPER) && \
		GOOS=linux GOARCH=$$arch $(BUILD) -o $(IMAGE_DIR)/linux-$$arch/$(REFRESH) ./ecr-login/$(REFRESH) || exit 1; done

# An image for each architecture, and one for all. With IMAGE_DIR=$(DIST), they contain the programs of the release, which
# must exist.
dist-images: $(if $(filter $(DIST),$(IMAGE_DIR)),,image-programs) ## write the container images and the Talos system extension in DIST (dist/VERSION)
	@for arch in $(IMAGE_ARCHS); do for kind in ecr-login $(REFRESH); do \
		$(WRITE_IMAGE) -kind $$kind -arch $$arch $(DIST)/$$kind-image-$$arch.tar || exit 1; done; \
		$(WRITE_IMAGE) -kind ecr-login-talos-extension -arch $$arch $(DIST)/ecr-login-talos-extension-$$arch.tar || exit 1; done
	@for kind in ecr-login $(REFRESH); do \
		$(WRITE_IMAGE) -kind $$kind -arch "$$(echo $(IMAGE_ARCHS) | tr ' ' ,)" $(DIST)/$$kind-image.tar || exit 1; done

dist-chart: helm ## write the archive of the Helm chart in DIST
	@mkdir -p $(DIST)
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) bin/helm package deploy/helm/$(REFRESH) \
		--version $(CHART_VERSION) --app-version $(VERSION) --destination $(DIST)

VULNDB ?= https://vuln.go.dev

# VULNDB can also be the file URL of a copy, such as file:///srv/vulndb.
vulncheck: ## fail if the programs call functions with known vulnerabilities; requires the database VULNDB
	@cd tools/govulncheck && $(SHARED) $(GO) build -o ../../bin/govulncheck golang.org/x/vuln/cmd/govulncheck
	bin/govulncheck -db $(VULNDB) ./...

SBOM         = SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) bin/sbom
SBOM_OPTIONS = -version $(VERSION) -commit $(COMMIT) -repository $(RELEASE_URL:%/releases/download=%)

notices: ## write bin/THIRD_PARTY_NOTICES.txt: the licenses of all modules in the programs; fail if one is not accepted
	@cd tools/sbom && $(SHARED) $(GO) build -o ../../bin/sbom .
	@$(SBOM) notices -o bin/THIRD_PARTY_NOTICES.txt

# The SBOMs describe the executables in the archives, the statement all files that are in DIST before dist-sums.
dist-sbom: notices ## add the license texts, an SBOM of each program and the provenance statement to DIST
	@cp bin/THIRD_PARTY_NOTICES.txt $(DIST)/
	@for program in $(HELPER) $(if $(REFRESH_PLATFORMS),$(REFRESH)); do \
		$(SBOM) bom $(SBOM_OPTIONS) -program $$program -o $(DIST)/$$program-$(VERSION).sbom.cdx.json \
			$$(ls $(DIST)/$$program-$(VERSION)-*.tar.gz $(DIST)/$$program-$(VERSION)-*.zip 2>/dev/null) || exit 1; done
	@$(SBOM) provenance $(SBOM_OPTIONS) -o $(DIST)/provenance.intoto.json \
		-command 'make dist VERSION=$(VERSION) RELEASE_URL=$(RELEASE_URL) RELEASE_TOOLCHAIN=$(RELEASE_TOOLCHAIN) PLATFORMS="$(PLATFORMS)"' \
		$(DIST)

clean: ## remove bin and dist
	rm -rf bin dist
