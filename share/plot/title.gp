# Two lines over the whole width: what, then where and when.
if (TEXT) {
	set title TITLE."\n".ABOUT noenhanced
} else {
	set label 98 TITLE at screen 0.5,graph 1 offset 0,2.4 center noenhanced
	set label 99 ABOUT at screen 0.5,graph 1 offset 0,1.2 center \
	    font SMALL textcolor rgb '#555555' noenhanced
}
