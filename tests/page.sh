# A page in a browser without a window. Source it after lib.sh.
# shellcheck shell=sh disable=SC2154

# browse FILE: its DOM when all is done; requests are logged in $T/net.json
browse() {
	timeout 120 chromium --headless --no-sandbox --disable-gpu \
	    --disable-background-networking --disable-component-update \
	    --user-data-dir="$T/c" --log-net-log="$T/net.json" \
	    --dump-dom "file://$T/$1" 2>/dev/null
}
# asked: what others were asked for, but for what the browser's maker is asked
# by every browser that starts
asked() {
	grep -o '"url":"[a-z]*:[^"]*"' "$T/net.json" | sort -u |
	    grep -vE '"url":"(file|data|blob|chrome|about|devtools)[^:]*:' |
	    grep -vE '//[a-z0-9.]*\.(google|googleapis|gvt1)\.com/'
}
