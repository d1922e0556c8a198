/* A capture file: pcap, pcapng, compressed or not. */

#include "promise.h"

#include "monitor/capture/capture_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_capture_file *file;
	struct cf_error error;
	struct cf_frame frames[4];
	unsigned count, sum = 0;
	char path[64];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (cf_capture_file_open(path, &file, &error) == CF_OK) {
		while (cf_capture_file_batch(file, frames, 4, &count, &error) == CF_OK) {
			must(count >= 1 && count <= 4);
			for (unsigned i = 0; i < count; i++) {
				must(frames[i].captured_bytes <= frames[i].wire_bytes);
				for (size_t at = 0; at < frames[i].captured_bytes; at++)
					sum += frames[i].data[at];
			}
		}
		cf_capture_file_close(file);
	}
	(void)close(fd);                  /* in memory only */
	*(volatile unsigned *)&sum = sum; /* so that the bytes are really read */
	return 0;
}
