# Latency or throughput against a size: a line for each series, with the
# interval of each point.
# DATA: a block for each series; x, y, lower end, upper end. DENSE: there are
# too many points for marks.
set xlabel XLABEL noenhanced
set ylabel YLABEL noenhanced
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
	set label 1 'nothing to show' at graph 0.5,0.5 center
	set xrange [0:1]; set yrange [0:1]
	plot NaN notitle
}
if (N > MANY) {
	if (DENSE) {
		set errorbars 0
	}
	plot DATA using 1:2:(color(column(-2))) with lines \
	        linecolor rgb variable linewidth 1 notitle, \
	     DATA using 1:2:(DENSE ? $2 : $3):(DENSE ? $2 : $4):(color(column(-2))) \
	        with yerrorbars linecolor rgb variable pointtype 7 \
	        pointsize (DENSE ? 0.2 : 0.5) linewidth 1 notitle, \
	     for [i=1:HOVER*N] DATA index i-1 \
	        using 1:2:(sprintf('%d|%g|%g|%g|%g', i, $1, $2, $3, $4)) \
	        with labels hypertext point pointtype 7 pointsize 1.5 \
	        linecolor rgb '#ff000000' notitle
}
if (N > 0 && N <= MANY && DENSE) {
	plot for [i=1:N] DATA index i-1 using 1:2 with lines \
	        linecolor rgb COLOR[i] linewidth 1 title NAME[i]
}
if (N > 0 && N <= MANY && !DENSE) {
	plot for [i=1:N] DATA index i-1 using 1:2 with lines \
	        linecolor rgb COLOR[i] linewidth 1.5 dashtype 1 notitle, \
	     for [i=1:N] DATA index i-1 using 1:2:3:4 with yerrorbars \
	        linecolor rgb COLOR[i] pointtype 4+i%5*2+1 pointsize 0.7 \
	        linewidth 1.2 title NAME[i], \
	     for [i=1:HOVER*N] DATA index i-1 \
	        using 1:2:(sprintf('%d|%g|%g|%g|%g', i, $1, $2, $3, $4)) \
	        with labels hypertext point pointtype 7 pointsize 1.5 \
	        linecolor rgb '#ff000000' notitle
}
