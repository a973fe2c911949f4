# How often each time occurred. DATA: a block for each point; left end of the
# bin, right end, repetitions.
set xlabel 'time / ms' noenhanced
set ylabel 'repetitions' noenhanced
set yrange [0:*]
set style fill transparent solid (N > 1 ? 0.15 : 0.9) noborder
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
	set xrange [0:1]; set yrange [0:1]
	plot NaN notitle
} else {
	plot for [i=1:N] DATA index i-1 using (($1+$2)/2):($3/2.0):1:2:(0):3 \
	        with boxxyerror linecolor rgb COLOR[i] title NAME[i], \
	     for [i=1:N] DATA index i-1 using (($1+$2)/2):3 \
	        with histeps linecolor rgb COLOR[i] linewidth 1.5 notitle
}
