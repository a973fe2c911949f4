/*
 * Runs a fuzz harness over files named in argv: its corpus, in the normal
 * run, or a finding. Prints TAP, one line a file; a crash is what fails.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"
#include "err.h"
#include "io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	int i, bad = 0;

	for (i = 1; i < argc; i++) {
		struct fm_err err = FM_ERR_INIT;
		struct fm_buf b = FM_BUF_INIT;

		if (fm_io_read_file(argv[i], &b, &err)) {
			printf("not ok %d - %s\n", i, err.text);
			bad = 1;
			continue;
		}
		(void)LLVMFuzzerTestOneInput((const uint8_t *)b.s, b.len);
		printf("ok %d - %s\n", i, fm_io_base(argv[i]));
		fm_buf_release(&b);
	}
	printf("1..%d\n", argc - 1);
	return bad;
}
