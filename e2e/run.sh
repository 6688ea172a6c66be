#!/usr/bin/env bash
# Installs missing clients from Debian's packages and runs the end-to-end tests. It requires root and Go. The arguments
# are passed to go test, for example:
#   e2e/run.sh -run TestClients/podman
set -euo pipefail
cd "$(dirname "$0")"

packages=(docker.io podman skopeo buildah crun pass containerd runc iproute2 ca-certificates
	chromium rpm curl git sudo)

if [ "$(id -u)" != 0 ]; then
	echo "$0: must run as root, because it creates namespaces and starts dockerd" >&2
	exit 1
fi
missing=()
for package in "${packages[@]}"; do
	dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
		missing+=("$package")
done
if [ "${#missing[@]}" != 0 ]; then
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# This file prevents the package from starting its own daemon.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
	fi
	apt-get -qq update </dev/null
	apt-get -qq install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi

# Removes the lines of go test about tests that start, pause and continue. It ignores signals, so that it runs until the
# tests have ended.
filter() {
	trap '' HUP INT TERM
	grep -Ev '^=== (RUN|PAUSE|CONT|NAME) '
}

# Packages run one at a time, because tests measure time limits. But a test of ./kubernetes waits for minutes (see
# sandbox.Idle). It creates the file $ECR_LOGIN_E2E_IDLE then, and continues when the file has been removed. The other
# packages run in between. Without the directory of the file, this run was interrupted.
packages() {
	local code=0 others pid
	others=$(go list ./... | grep -v '/kubernetes$')
	go test -count=1 -v -vet=off -timeout 60m "$@" ./kubernetes </dev/null &
	pid=$!
	while [ ! -e "$ECR_LOGIN_E2E_IDLE" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.2 || true; done
	# shellcheck disable=SC2086 # a list
	[ ! -d "$shared" ] || go test -count=1 -v -vet=off -p 1 -timeout 30m "$@" $others </dev/null || code=$?
	rm -rf "$shared"
	wait "$pid" || code=$?
	return "$code"
}

# The sandbox hides changes in /run and /var, but not in /dev/shm.
shared=$(mktemp --directory --tmpdir=/dev/shm ecr-login-e2e-XXXXXX)
export ECR_LOGIN_E2E_IDLE=$shared/idle
# The same settings as those of the programs, so that packages are compiled once.
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS-} -trimpath -buildvcs=false"
# The job has its own process group, so that a signal reaches all its processes. Only on SIGINT does go test wait for
# the tests.
set -m
packages "$@" | filter &
trap 'rm -rf "$shared"; kill -INT %1; wait %1; exit 1' HUP INT TERM
wait %1
