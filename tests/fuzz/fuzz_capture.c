/* A capture file: pcap, pcapng, compressed or not. */

#include "monitor/capture_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool promise)
{
	if (!promise)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_capture_file *file;
	struct cf_error error;
	struct cf_frame frame;
	unsigned sum = 0;
	char path[64];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (cf_capture_file_open(path, &file, &error) == CF_OK) {
		while (cf_capture_file_next(file, &frame, &error) == CF_OK) {
			must(frame.captured_bytes <= frame.wire_bytes);
			for (size_t i = 0; i < frame.captured_bytes; i++)
				sum += frame.data[i];
		}
		cf_capture_file_close(file);
	}
	(void)close(fd);                  /* in memory only */
	*(volatile unsigned *)&sum = sum; /* so that the bytes are really read */
	return 0;
}
