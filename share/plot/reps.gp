# Repetitions in the order they were measured. DATA: repetition, time, class
# (0 kept, 1 dropped as warm-up, 2 outlier). CUT: repetitions dropped; MEDIAN,
# LO, HI: of the rest, with its interval; FROM, TO: ends of the drift line.
set xlabel 'repetition' noenhanced
set ylabel 'time / ms' noenhanced
set xtics autofreq
set xrange [0.5:N+0.5]
set key at screen 0.5,0.01 center bottom horizontal maxrows 1 samplen 1.5
set bmargin 6
if (N == 0) {
	set label 1 'no repetitions' at graph 0.5,0.5 center
	set xrange [0:1]; set yrange [0:1]
	plot NaN notitle
} else {
	if (CUT > 0 && !TEXT) {
		set object 1 rectangle from graph 0,graph 0 \
		    to first CUT+0.5,graph 1 behind fillcolor rgb '#f1f1f1' \
		    fillstyle solid noborder
	}
	if (LO < HI && !TEXT) {
		set object 2 rectangle from first CUT+0.5,LO to graph 1,first HI \
		    behind fillcolor rgb '#cfe3f1' fillstyle solid noborder
	}
	size = N > 2000 ? 0.15 : N > 400 ? 0.3 : 0.55
	plot DATA using 1:($3 == 1 ? $2 : NaN) with points pointtype 6 \
	        pointsize size linecolor rgb '#888888' title 'warm-up', \
	     DATA using 1:($3 == 0 ? $2 : NaN) with points pointtype 7 \
	        pointsize size linecolor rgb '#0072b2' title 'kept', \
	     DATA using 1:($3 == 2 ? $2 : NaN) with points pointtype 9 \
	        pointsize size*1.8 linecolor rgb '#d55e00' title 'outlier', \
	     [CUT+1:N] MEDIAN with lines linecolor rgb '#000000' \
	        linewidth 1.2 title 'median', \
	     [CUT+1:N] FROM+(TO-FROM)*(x-CUT-1)/(N-CUT-1.0+(N-CUT<2)) \
	        with lines linecolor rgb '#009e73' linewidth 1.5 dashtype 2 \
	        title 'drift'
}
