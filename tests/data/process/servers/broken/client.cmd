client --num-prompts 16 --random-output-len 128 --random-range-ratio .5 --odir /out
