# Time to the first token and time of all others, a bar for each point.
# DATA: row, first token, rest, in milliseconds. MOST: the longest of all.
set xlabel 'time of a request / ms' noenhanced
set yrange [N-0.4:-0.6]
set key at screen 0.5,0.01 center bottom horizontal maxrows 1 samplen 1.5
if (TEXT) {
	set key below horizontal maxrows 1 samplen 1.5
}
set bmargin 6
set ytics font SMALL scale 0 noenhanced
set grid noytics xtics
set xrange [0:*]
set style fill solid 1 noborder
if (N == 0) {
	set label 1 'no point has a time to first token' at graph 0.5,0.5 center
	set xrange [0:1]; set yrange [0:1]; set ytics auto
	plot NaN notitle
} else {
	# Names at the left leave little room: four or five numbers below.
	if (MOST > 0) {
		p = 10**floor(log10(MOST / 2))
		r = MOST / 2 / p
		set xtics p * (r >= 5 ? 5 : r >= 2 ? 2 : 1)
	}
	plot DATA using (0):1:(0):2:($1-0.35):($1+0.35) with boxxyerror \
	        linecolor rgb '#0072b2' title 'first token', \
	     DATA using 2:1:2:($2+$3):($1-0.35):($1+0.35) with boxxyerror \
	        linecolor rgb '#e69f00' title 'all further tokens'
}
