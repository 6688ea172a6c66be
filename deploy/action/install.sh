#!/bin/sh
# Installs docker-credential-ecr-login from a release, and configures clients to use it. action.yml runs it. It requires
# curl, and unzip on Windows.
#
# variable           | meaning
# VERSION            | version of the release
# REGISTRIES         | hosts of registries, separated by white space or commas
# CLIENTS            | docker, podman or both; the default is docker
# SHA256SUMS         | SHA-256 of the file SHA256SUMS of the release; if empty, the server of the release is trusted
# RELEASE_URL        | URL of the releases; the default is that of the repository of the action
# ACTION_REPOSITORY  | OWNER/NAME of the action's repository
#
# GitHub sets RUNNER_OS, RUNNER_ARCH and RUNNER_TEMP, and GITHUB_PATH and GITHUB_OUTPUT, which name files to append to.
set -euf

name=docker-credential-ecr-login

fail() {
	[ "${GITHUB_ACTIONS-}" != true ] || echo "::error title=$name::$*"
	echo "install.sh: $*" >&2
	exit 1
}

platform() {
	case ${RUNNER_OS:-$(uname -s)} in
	Linux) os=linux ;;
	macOS | Darwin) os=darwin ;;
	Windows | MINGW* | MSYS* | CYGWIN*) os=windows ;;
	FreeBSD) os=freebsd ;;
	*) fail "unsupported operating system: ${RUNNER_OS:-$(uname -s)}; build the program from source" ;;
	esac
	case ${RUNNER_ARCH:-$(uname -m)} in
	X64 | x86_64 | amd64) arch=amd64 ;;
	ARM64 | aarch64 | arm64) arch=arm64 ;;
	ARM | armv7l) arch=armv7 ;;
	s390x | ppc64le | riscv64) arch=$(uname -m) ;;
	*) fail "unsupported architecture: ${RUNNER_ARCH:-$(uname -m)}; build the program from source" ;;
	esac
}

# download FILE saves a file of the release in the current directory.
download() {
	curl --fail --silent --show-error --location --retry 3 --proto "$protocols" --output "$1" "$url/$VERSION/$1" ||
		fail "cannot download $url/$VERSION/$1; check the inputs version and url"
}

sha256() {
	if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# verify FILE compares the file with SHA256SUMS.
verify() {
	want=$(awk -v file="$1" '{ sub(/^\*/, "", $2); if ($2 == file) print $1 }' SHA256SUMS)
	[ -n "$want" ] || fail "SHA256SUMS does not contain $1; the release has no build for $os/$arch"
	[ "$(sha256 "$1")" = "$want" ] || fail "wrong SHA-256 of $1; nothing was installed"
}

case ${VERSION-} in
'') fail 'the input version is missing; set it to the version of a release' ;;
*[!0-9A-Za-z.+-]* | .*) fail 'invalid input version; set it to the version of a release, such as 0.1.0' ;;
esac
registries=$(printf %s "${REGISTRIES-}" | tr ',\n\r\t' '    ')
case $registries in *[![:space:]]*) ;; *) fail 'the input registries is missing; specify at least one host' ;; esac
for client in ${CLIENTS:=docker}; do
	case $client in docker | podman) ;; *) fail 'unknown client in the input clients; valid: docker, podman' ;; esac
done
url=${RELEASE_URL:-${GITHUB_SERVER_URL:-https://github.com}/${ACTION_REPOSITORY:-${GITHUB_REPOSITORY-}}/releases/download}
url=${url%/}
protocols='=https,file'
case $url in http:*)
	[ -n "${SHA256SUMS-}" ] || fail 'the input url is not encrypted; use https, or set the input sha256sums'
	protocols='=http,https'
	;;
esac
platform

dir=${RUNNER_TEMP:-${TMPDIR:-/tmp}}
if command -v cygpath >/dev/null; then dir=$(cygpath -u "$dir"); fi
bin=$dir/ecr-login/bin
mkdir -p "$bin"
work=$(mktemp -d "$dir/ecr-login/download.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

archive=$name-$VERSION-$os-$arch.tar.gz exe=$name
if [ "$os" = windows ]; then archive=$name-$VERSION-$os-$arch.zip exe=$name.exe; fi
download SHA256SUMS
[ -z "${SHA256SUMS-}" ] || [ "$(sha256 SHA256SUMS)" = "$SHA256SUMS" ] ||
	fail 'wrong SHA-256 of SHA256SUMS; the release was replaced, or the input sha256sums is that of another version'
download "$archive"
verify "$archive"
mkdir files
if [ "$os" = windows ]; then unzip -q "$archive" -d files; else tar -xzf "$archive" -C files; fi
program=files/$name-$VERSION-$os-$arch/$exe
[ -f "$program" ] || fail "$archive does not contain $exe"
chmod 755 "$program"
mv -f "$program" "$bin/$exe"

native=$bin
if command -v cygpath >/dev/null; then native=$(cygpath -w "$bin"); fi
[ -z "${GITHUB_PATH-}" ] || echo "$native" >>"$GITHUB_PATH"
[ -z "${GITHUB_OUTPUT-}" ] || echo "path=$native/$exe" >>"$GITHUB_OUTPUT"
PATH=$bin:$PATH
export PATH
set --
for registry in $registries; do set -- "$@" --registry "$registry"; done
for client in $CLIENTS; do "$exe" configure "$client" "$@"; done
