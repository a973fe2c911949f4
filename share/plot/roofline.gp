# Points under the roofs of their device. DATA: two blocks, simulated and
# measured; arithmetic intensity over that of the ridge, share of the peak.
set xlabel 'arithmetic intensity / intensity at the ridge' noenhanced
set ylabel 'share of peak arithmetic' noenhanced
set logscale xy
set key outside right top vertical Left reverse samplen 2
if (SIMULATED + MEASURED == 0) {
	set label 1 'no simulated point' at graph 0.5,0.5 center
	unset logscale; set xrange [0:1]; set yrange [0:1]
	plot NaN notitle
} else {
	set yrange [*:1.6]
	set ytics (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001, 0.00001)
	set samples 500
	set xrange [LEFT:RIGHT]
	plot (x < 1 ? x : 1) with lines linecolor rgb '#333333' linewidth 2 \
	        title 'roof', \
	     DATA index 0 using 1:(SIMULATED > 0 ? $2 : NaN) with points \
	        pointtype 6 pointsize 0.9 linewidth 1.5 \
	        linecolor rgb '#d55e00' title 'simulated', \
	     DATA index 1 using 1:(MEASURED > 0 ? $2 : NaN) with points \
	        pointtype 7 pointsize 0.8 linecolor rgb '#0072b2' \
	        title (MEASURED > 0 ? 'measured' : '')
}
