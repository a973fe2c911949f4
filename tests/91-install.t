#!/bin/sh
# make install: everything arrives, works from there, and knows nothing of
# the folder it was built in; a build elsewhere gives the same bytes.
. "$(dirname "$0")/lib.sh"
case $B in "$top"/build) ;; *) skip_all 'only for the plain build' ;; esac

root=$T/root/opt/fm
make=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL
run 0 "$make" -s -C "$top" install DESTDIR="$T/root" PREFIX=/opt/fm
run 0 "$make" -s -C "$top" install DESTDIR="$T/root" PREFIX=/opt/fm

cd "$top" || exit 1
for f in bin/*/; do
	f=$(basename "$f")
	ok "program $f" [ -x "$root/bin/$f" ]
	ok "completion of $f" \
	    [ -f "$root/share/bash-completion/completions/$f" ]
	ok "page of $f" [ -f "$root/share/man/man1/$f.1" ]
done
for f in backends/*/; do
	ok "backend $(basename "$f")" \
	    [ -x "$root/libexec/fm/fm-backend-$(basename "$f")" ]
done
ok 'shared data' [ -f "$root/share/fm/platforms.yaml" ]
ok 'the set-up script stays behind' [ ! -e "$root/share/fm/setup/setup.sh" ]
ok 'that of the torch backend does not' [ -x "$root/share/fm/setup/torch.sh" ]

run 0 env -i "$root/bin/fm-driver" --platform null --reps 3
is 'it measures, from there' "$(grep -c '^FMWORK REP' "$T/out")" 3
cp "$T/out" "$T/log"
run 0 env -i "$root/bin/fm-process" "$T/log"
mv "$T/root" "$T/elsewhere"
run 0 env -i "$T/elsewhere/opt/fm/bin/fm-driver" --platform null --reps 3

grep -rlF -e "$top" -e "$T" "$T/elsewhere/opt/fm" >"$T/found"
is 'no path of the build in what was installed' "$(cat "$T/found")" ''

# The same sources, somewhere else.
mkdir -p "$T/a/much/deeper/folder"
cp -R Makefile lib bin backends share "$T/a/much/deeper/folder/"
run 0 "$make" -s -j2 -C "$T/a/much/deeper/folder" CC="${CC:-cc}" all
(cd "$B" && find bin libexec -type f ! -name 'libonnxruntime*' \
    ! -path '*/torch-venv/*' -exec sha256sum {} +) | sort -k2 >"$T/here"
(cd "$T/a/much/deeper/folder/build" && find bin libexec -type f -exec \
    sha256sum {} +) | sort -k2 >"$T/there"
same 'the same bytes from another folder' "$T/there" "$T/here"
finish
