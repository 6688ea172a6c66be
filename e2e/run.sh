#!/usr/bin/env bash
# Installs the clients from Debian's packages where they are missing and runs the
# end-to-end tests. Needs root and Go. Arguments are those of go test, for example
#   e2e/run.sh -run TestClients/podman
set -euo pipefail
cd "$(dirname "$0")"

packages=(docker.io podman skopeo buildah crun pass containerd runc iproute2 ca-certificates)

if [ "$(id -u)" != 0 ]; then
	echo "$0: must run as root: it makes mount and network namespaces and starts dockerd" >&2
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
	# The package would start a daemon of its own; this is how Debian says no to that.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
	fi
	apt-get -qq update </dev/null
	apt-get -qq install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi

# What go test says when a test begins, pauses and goes on is of no use in a log. The
# filter stays until the tests have ended, whatever signal ends them.
filter() {
	trap '' HUP INT TERM
	grep -Ev '^=== (RUN|PAUSE|CONT|NAME) '
}

# One package at a time, because deadlines are measured. The job has a process group of
# its own, so that all of it can be told to end; go waits for its tests on SIGINT only.
set -m
go test -count=1 -v -p 1 -timeout 30m "$@" ./... </dev/null | filter &
trap 'kill -INT %1; wait %1; exit 1' HUP INT TERM
wait %1
