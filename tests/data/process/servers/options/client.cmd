client --random-input-len 1024 --random-output-len 128 --random-range-ratio .5 --odir /out
