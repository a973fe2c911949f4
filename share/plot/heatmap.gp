# A metric over the grid of input and batch sizes. DATA: column, row, value.
# FAILED: cells without a value, which have labels.
set xlabel XLABEL noenhanced
set ylabel YLABEL noenhanced
set cblabel CBLABEL noenhanced
unset grid
set border 0
set tics scale 0
if (N == 0) {
	if (FAILED == 0) {
		set label 1 'nothing to show' at graph 0.5,0.5 center
	}
	plot NaN notitle
} else {
	set cbrange [LOW:HIGH]
	# Viridis.
	set palette defined (0 '#440154', 1 '#46327e', 2 '#365c8d', \
	    3 '#277f8e', 4 '#1fa187', 5 '#4ac16d', 6 '#a0da39', 7 '#fde725')
	part(v) = HIGH/LOW > 4 && LOW > 0 ? log(v/LOW)/log(HIGH/LOW) \
	    : (v-LOW)/(HIGH-LOW)
	text(v) = v < 0.1 || v >= 1e6 ? sprintf('%.3g', v) \
	    : v < 10 ? sprintf('%.2f', v) : v < 100 ? sprintf('%.1f', v) \
	    : sprintf('%.0f', v)
	size = CELLS > 12 ? TINY : CELLS > 8 ? SMALL : ''
	set style fill solid 1 noborder
	if (CELLS <= 25) {
		set style fill solid 1 border linecolor rgb '#ffffff'
	}
	if (TEXT) {
		unset colorbox
		plot DATA using 1:2:(text($3)) with labels notitle
	} else {
		plot DATA using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 \
		        with boxxyerror linecolor palette notitle, \
		     DATA using (CELLS <= 25 && part($3) < 0.6 ? $1 : NaN):2:(text($3)) \
		        with labels font size textcolor rgb '#ffffff' notitle, \
		     DATA using (CELLS > 25 || part($3) < 0.6 ? NaN : $1):2:(text($3)) \
		        with labels font size textcolor rgb '#000000' notitle
	}
}
