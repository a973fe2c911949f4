# The share of repetitions that took no longer. DATA: a block for each point;
# time, share.
set xlabel 'time / ms' noenhanced
set ylabel 'share of repetitions' noenhanced
set yrange [0:1]
set ytics 0,0.25,1
if (KEYROWS > 1) {
	set key at screen 0.5,0.01 center bottom vertical maxcols 1 Left \
	    reverse samplen 2 noenhanced font SMALL
	set bmargin 4.5+KEYROWS*0.85
}
if (N > 1 && KEYROWS == 0) {
	set key outside right top vertical Left reverse samplen 2 noenhanced
}
if (N > 20) {
	set key off
}
if (N == 0) {
	set label 1 'no repetitions' at graph 0.5,0.5 center
	unset logscale; set xrange [0:1]
	plot NaN notitle
} else {
	plot for [i=1:N] DATA index i-1 using 1:2 with steps \
	        linecolor rgb COLOR[i] linewidth 2 title NAME[i]
}
