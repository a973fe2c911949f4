#!/bin/sh
# The page in a browser: who is asked for anything, and how soon ten thousand
# points are there and sorted.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../page.sh"
command -v chromium >/dev/null || skip_all "no chromium"
cd "$T" || exit 1

echo '<!DOCTYPE html><p>x<img src="http://fm.invalid/x.png">' >asks.html
browse asks.html >dom
is "a page that asks is seen to ask" "$(asked)" '"url":"http://fm.invalid/x.png"'

head -n 1 "$top/tests/data/report/base.jsonl" | awk '{
	for (i = 0; i < 10000; i++) {
		s = $0
		sub(/"input":[0-9]*/, "\"input\":" 1 + int(i / 100), s)
		sub(/"batch":[0-9]*/, "\"batch\":" 1 + i % 100, s)
		print s
	}
}' >ten.jsonl
run 0 fm-report html -o page.html ten.jsonl
ok "under 5 MB" test "$(wc -c <page.html)" -lt 5000000
browse page.html >dom
is "it asks nobody" "$(asked)" ''

# Timed from the start of loading to the last row laid out; and from a press
# of a head's button to the rows laid out anew. The best of three.
cp page.html timed.html
cat >>timed.html <<'X'
<script>
addEventListener("load", () => {
	let high = document.body.offsetHeight, begun = performance.now();
	document.querySelector("th button").click();
	high += document.body.offsetHeight;
	document.documentElement.dataset.ms = "open " + Math.round(begun) +
	    " sort " + Math.round(performance.now() - begun);
});
</script>
X
for _ in 1 2 3; do
	browse timed.html | sed -n 's/.*data-ms="\([^"]*\)".*/\1/p'
done | sort -k2n | head -1 >lapse
note <lapse
ok "it opens in under a second" awk '{ exit !($2 > 0 && $2 < 1000) }' lapse
ok "and sorts in under a second" awk '{ exit !($4 > 0 && $4 < 1000) }' lapse
finish
