# A log of points with repetitions, as its driver prints it: the summaries are
# right, and nothing but the seed decides the noise.
#
#   -v how=embed|infer|classic|nelson  -v reps=N  -v points=N  -v us=N
#
# us: microseconds of a repetition; the first takes 80 ms longer.
function stamp(s, ns) { return sprintf("%d.%09d", s, ns) }
function rep(r, a, b, dt, n) {
	s = dt / 1e9
	if (how == "embed")
		return sprintf("%d %d %s %s %d.%09d", r, reps, a, b, s, dt % 1e9)
	if (how == "infer")
		return sprintf("%d %d %s %s acme/a model %d 8 1 1 %d.%09d %.3f %.1f",
		    r, reps, a, b, n, s, dt % 1e9, dt / 8e6, 8e9 / dt)
	return sprintf("%3d / %3d : %s%s %s %.3f %.1f %.1f", r, reps,
	    how == "nelson" ? n " 8 1 1 " : "", a, b, s, dt / 8e6, 8e9 / dt)
}
function res(a, b, med, mad, n) {
	if (how == "embed")
		return sprintf("%s %s acme/model RobertaModel %d 1 %.3f %.1f", a, b,
		    n, med / 1e6, 1e9 / med)
	if (how == "infer")
		return sprintf("%s %s acme/a model %d 8 1 1 %.3f %.3f %.3f %.1f", a,
		    b, n, mad / med, med / 1e9, med / 8e6, 8e9 / med)
	return sprintf("20261121-061835.491344 %d 8 1 1 %.6f %.1f %.1f", n,
	    med / 1e9, med / 8e6, 8e9 / med)
}
function median(v, k,   i, j, x) {
	for (i = 2; i <= k; i++) {
		x = v[i]
		for (j = i; j > 1 && v[j - 1] > x; j--) v[j] = v[j - 1]
		v[j] = x
	}
	return (v[int((k + 1) / 2)] + v[int(k / 2) + 1]) / 2
}
BEGIN {
	printf "FMWORK ARG --reps %d\nFMWORK SETUP 0.200000\n", reps
	drop = reps < 10 ? 1 : int(reps / 5)
	t = 1732170000
	srand(1)
	for (g = 0; g < points; g++) {
		n = 128 + g % 4
		printf "\nRUN %s\n\n", how == "embed" ? n " / 1" : n " / 8 / 1"
		k = 0
		for (r = 1; r <= reps; r++) {
			dt = int(us * 1e3 * (1 + 0.06 * (rand() - 0.5)))
			dt += (r == 1) * 8e7
			a = stamp(t, ns)
			if (r == 1) first = a
			ns += dt
			while (ns >= 1e9) { t++; ns -= 1e9 }
			b = stamp(t, ns)
			print "FMWORK REP " rep(r, a, b, dt, n)
			ns += 30000
			if (ns >= 1e9) { t++; ns -= 1e9 }
			if (r <= drop)
				continue
			v[++k] = dt
		}
		med = median(v, k)
		for (i = 1; i <= k; i++)
			v[i] = v[i] > med ? v[i] - med : med - v[i]
		print "\nFMWORK RES " res(first, b, med, median(v, k), n) "\n"
	}
}
