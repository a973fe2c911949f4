# Ratios with their intervals, one line for each point.
# DATA: ratio, place, lower end, upper end, class (0 no difference, 1 better,
# 2 worse, 3 not sure, 4 the mean of all).
set title TITLE."\n".ABOUT noenhanced
set xlabel 'new / base' noenhanced
set yrange [-N+0.3:0.7]
set ytics scale 0 noenhanced
set grid noytics xtics
set border 1
set key outside below center horizontal samplen 1
if (N == 0) {
	set label 1 'nothing to compare' at graph 0.5,0.5 center
	set xrange [0:2]; set yrange [0:1]
	plot NaN notitle
} else {
	stats DATA using 3 nooutput name 'L'
	stats DATA using 4 nooutput name 'H'
	far = (1-L_min > H_max-1 ? 1-L_min : H_max-1) * 1.1
	far = far < BAND*1.3 ? BAND*1.3 : far
	set xrange [1-far:1+far]
	if (!TEXT) {
		set object 1 rectangle from 1-BAND,graph 0 to 1+BAND,graph 1 \
		    behind fillcolor rgb '#f1f1f1' fillstyle solid noborder
		set arrow 1 from 1,graph 0 to 1,graph 1 nohead back \
		    linecolor rgb '#666666' linewidth 1
	}
	size = N > 40 ? 0.4 : N > 20 ? 0.6 : 0.9
	array CLASS[5] = ['no difference', 'better', 'worse', 'not sure', \
	    'geometric mean']
	array TONE[5] = [0x777777, 0x0072b2, 0xd55e00, 0xe69f00, 0x000000]
	array SHAPE[5] = [7, 9, 11, 6, 13]
	plot for [c=0:4] DATA using ($5 == c ? $1 : NaN):2:3:4 \
	        with xerrorbars linecolor rgb TONE[c+1] pointtype SHAPE[c+1] \
	        pointsize c == 4 ? 1.6 : size linewidth 1.5 title CLASS[c+1]
}
