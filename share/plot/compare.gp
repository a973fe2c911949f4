# Ratios with their intervals, one line for each point.
# DATA: ratio, place, lower end, upper end, class (0 no difference, 1 better,
# 2 worse, 3 not sure, 4 the mean of all). BAND: what is no difference to the
# exit status, as a part of 1; FAR: the greatest distance from 1.
set xlabel 'new / base' noenhanced
set yrange [-N+0.3:0.7]
set ytics scale 0 noenhanced font SMALL
set grid noytics xtics
set border 1
set key at screen 0.5,0.01 center bottom horizontal maxrows 1 samplen 1
set bmargin 6
set tmargin 3.5
if (TEXT) {
	set key below horizontal samplen 1
	set bmargin 7
}
if (N == 0) {
	set label 1 'nothing to compare' at graph 0.5,0.5 center
	set xrange [0:2]; set yrange [0:1]
	plot NaN notitle
} else {
	set xrange [1-FAR:1+FAR]
	if (!TEXT) {
		set object 1 rectangle from 1-BAND,graph 0 to 1+BAND,graph 1 \
		    behind fillcolor rgb '#f1f1f1' fillstyle solid noborder
		set arrow 1 from 1,graph 0 to 1,graph 1 nohead back \
		    linecolor rgb '#666666' linewidth 1
	}
	dot = N > 40 ? 0.4 : N > 20 ? 0.6 : 0.9
	array CLASS[5] = ['no difference', 'better', 'worse', 'not sure', \
	    'geometric mean']
	array TONE[5] = [0x777777, 0x0072b2, 0xd55e00, 0xe69f00, 0x000000]
	array SHAPE[5] = [7, 9, 11, 6, 13]
	plot for [c=0:4] DATA using ($5 == c ? $1 : NaN):2:3:4 \
	        with xerrorbars linecolor rgb TONE[c+1] pointtype SHAPE[c+1] \
	        pointsize c == 4 ? 1.6 : dot linewidth 1.5 title CLASS[c+1]
}
