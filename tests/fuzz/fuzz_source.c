/* Any bytes as a log: plain, or as a compressor never wrote them. Reading ends, within bounds. */

#include "records/read/reader.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct cf_reader *reader;
	struct cf_line line;
	char path[32];

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (cf_reader_open(path, &reader, NULL) == CF_OK) {
		enum cf_read got;
		uint64_t lines = 0;

		while ((got = cf_reader_next(reader, NULL, &line)) == CF_READ_RECORD ||
		    got == CF_READ_SKIPPED)
			if (++lines != line.number)
				abort();
		cf_reader_close(reader);
	}
	close(fd);
	return 0;
}
