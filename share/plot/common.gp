# The look of every plot. The lines before say which terminal, where the
# picture goes, DATA (the file with the numbers) and TEXT (1: in characters).
set encoding utf8
set datafile missing 'NaN'
if (!TEXT) {
	set border 3 linecolor rgb '#666666' linewidth 1
	set tics nomirror out scale 0.6 textcolor rgb '#333333'
	set grid back linecolor rgb '#e4e4e4' linewidth 1 linetype 1
	set tmargin 4.2
} else {
	set tics nomirror
	set border 3
}
set key off
# With more series than this they are drawn together, in the colour of the block
# that is read: gnuplot would read DATA from its beginning for each.
MANY = 200
color(i) = COLOR[i+1]
