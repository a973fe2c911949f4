# A metric over time: runs, their level, and the steps of the level.
# DATA: a block for each point; seconds since 1970, value, level, level where
# it has just changed, the change in percent.
set ylabel YLABEL noenhanced
set xdata time
set timefmt '%s'
set xtics autofreq rotate by 0
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
	unset xdata; set xrange [0:1]; set yrange [0:1]; set format x '%g'
	plot NaN notitle
}
if (N > MANY) {
	plot DATA using 1:2:(color(column(-2))) with points \
	        linecolor rgb variable pointtype 7 pointsize 0.45 notitle, \
	     DATA using 1:3:(color(column(-2))) with lines \
	        linecolor rgb variable linewidth 2 notitle, \
	     DATA using 1:4 with points linecolor rgb '#000000' pointtype 6 \
	        pointsize 1.4 linewidth 1.5 notitle
}
if (N > 0 && N <= MANY) {
	plot for [i=1:N] DATA index i-1 using 1:2 with points \
	        linecolor rgb COLOR[i] pointtype 7 pointsize 0.45 \
	        title NAME[i], \
	     for [i=1:N] DATA index i-1 using 1:3 with steps \
	        linecolor rgb COLOR[i] linewidth 2 notitle, \
	     DATA using 1:4 with points linecolor rgb '#000000' pointtype 6 \
	        pointsize 1.4 linewidth 1.5 notitle, \
	     DATA using 1:(N == 1 ? $4 : NaN):(sprintf('%+.1f %%', $5)) \
	        with labels offset 0,1 font SMALL textcolor rgb '#000000' notitle
}
