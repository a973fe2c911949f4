# Throughput against latency: a line for each series, the batch sizes beside
# its points, and the front that no point beats in both.
# DATA: a block for each series; latency, throughput, batch. The last block is
# the front. DENSE: there are too many points for marks.
set xlabel XLABEL noenhanced
set ylabel YLABEL noenhanced
if (KEYROWS > 0) {
	set key at screen 0.5,0.01 center bottom vertical maxcols 1 Left \
	    reverse samplen 2 noenhanced font SMALL
	set bmargin 4.5+KEYROWS*0.85
}
if (N > 0 && KEYROWS == 0) {
	set key outside right top vertical Left reverse samplen 2 noenhanced
}
if (N > 20) {
	set key off
}
if (N == 0) {
	set label 1 'nothing to show' at graph 0.5,0.5 center
	unset logscale; set xrange [0:1]; set yrange [0:1]
	plot NaN notitle
}
if (N > MANY) {
	plot DATA index N using 1:2 with lines linecolor rgb '#c8c8c8' \
	        linewidth 7 notitle, \
	     DATA index 0:N-1 using 1:2:(color(column(-2))) with linespoints \
	        linecolor rgb variable linewidth 1 pointtype 7 \
	        pointsize (DENSE ? 0.2 : 0.5) notitle, \
	     DATA index 0:N-1 using (DENSE ? NaN : $1):2:(sprintf('%.0f', $3)) \
	        with labels offset 0,0.8 font SMALL textcolor rgb '#555555' \
	        notitle, \
	     for [i=1:HOVER*N] DATA index i-1 \
	        using 1:2:(sprintf('%d|%g|%g', i, $1, $2)) \
	        with labels hypertext point pointtype 7 pointsize 1.5 \
	        linecolor rgb '#ff000000' notitle
}
if (N > 0 && N <= MANY && DENSE) {
	plot DATA index N using 1:2 with lines linecolor rgb '#c8c8c8' \
	        linewidth 7 title 'front', \
	     for [i=1:N] DATA index i-1 using 1:2 with lines \
	        linecolor rgb COLOR[i] linewidth 1 title NAME[i]
}
if (N > 0 && N <= MANY && !DENSE) {
	plot DATA index N using 1:2 with lines linecolor rgb '#c8c8c8' \
	        linewidth 7 title 'front', \
	     for [i=1:N] DATA index i-1 using 1:2 with linespoints \
	        linecolor rgb COLOR[i] linewidth 1.5 pointtype 4+i%5*2+1 \
	        pointsize 0.7 title NAME[i], \
	     DATA index 0:N-1 using 1:2:(sprintf('%.0f', $3)) with labels \
	        offset 0,0.8 font SMALL textcolor rgb '#555555' notitle, \
	     for [i=1:HOVER*N] DATA index i-1 \
	        using 1:2:(sprintf('%d|%g|%g', i, $1, $2)) \
	        with labels hypertext point pointtype 7 pointsize 1.5 \
	        linecolor rgb '#ff000000' notitle
}
