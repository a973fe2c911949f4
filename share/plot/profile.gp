# The time of each operator. DATA: row, milliseconds, share in percent.
set xlabel 'time / ms' noenhanced
set yrange [N-0.4:-0.6]
set ytics font SMALL scale 0 noenhanced
set grid noytics xtics
set xrange [0:*]
set style fill solid 1 noborder
set bmargin 4
if (N == 0) {
	set label 1 'no profile' at graph 0.5,0.5 center
	set xrange [0:1]; set yrange [0:1]; set ytics auto
	plot NaN notitle
} else {
	set offsets 0, graph 0.1, 0, 0
	plot DATA using (0):1:(0):2:($1-0.35):($1+0.35) with boxxyerror \
	        linecolor rgb '#0072b2' notitle, \
	     DATA using 2:1:(sprintf(' %.1f %%', $3)) with labels left \
	        font SMALL textcolor rgb '#333333' notitle
}
