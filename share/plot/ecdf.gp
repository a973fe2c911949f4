# The share of repetitions that took no longer. DATA: a block for each point;
# time, share.
set xlabel 'time / ms' noenhanced
set ylabel 'share of repetitions' noenhanced
set yrange [0:1]
set ytics 0,0.25,1
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
	unset logscale; set xrange [0:1]
	plot NaN notitle
} else {
	plot for [i=1:N] DATA index i-1 using 1:2 with steps \
	        linecolor rgb COLOR[i] linewidth 2 title NAME[i]
}
