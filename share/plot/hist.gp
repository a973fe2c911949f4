# How often each time occurred. DATA: a block for each point; left end of the
# bin, right end, repetitions.
set xlabel 'time / ms' noenhanced
set ylabel 'repetitions' noenhanced
set yrange [0:*]
set style fill transparent solid (N > 1 ? 0.15 : 0.9) noborder
if (N > 1 && LONG) {
	set key at screen 0.5,0.01 center bottom horizontal Left reverse \
	    samplen 2 noenhanced maxrows 4
	set bmargin (N > 4 ? 9 : 5+N)
}
if (N > 1 && !LONG) {
	set key outside right top vertical Left reverse samplen 2 noenhanced
}
if (N > 20) {
	set key off
	set bmargin -1
}
if (N == 0) {
	set label 1 'no repetitions' at graph 0.5,0.5 center
	set xrange [0:1]; set yrange [0:1]
	plot NaN notitle
} else {
	plot for [i=1:N] DATA index i-1 using (($1+$2)/2):($3/2.0):1:2:(0):3 \
	        with boxxyerror linecolor rgb COLOR[i] title NAME[i], \
	     for [i=1:N] DATA index i-1 using (($1+$2)/2):3 \
	        with histeps linecolor rgb COLOR[i] linewidth 1.5 notitle
}
