/*
 * Packets out of capture files: pcap (either byte order, micro- or nanoseconds) and pcapng, from
 * files, standard input or either of them compressed.
 *
 * Our own reader, because libpcap refuses a pcapng file whose interfaces have different link types,
 * and copies each packet. A frame's bytes lie in the reader's buffer until the next call. One
 * reader belongs to one thread.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct cf_capture_file;

struct cf_frame {
	int link_type;      /* LINKTYPE_ number */
	uint32_t interface; /* number in the file; 0 in pcap */
	int64_t at_wall_us;
	const uint8_t *data;
	size_t captured_bytes;
	size_t wire_bytes;
};

/* Opens path ("-": standard input). CF_EMALFORMED: no capture file. *error is filled on failure. */
enum cf_status cf_capture_file_open(
    const char *path, struct cf_capture_file **file_out, struct cf_error *error) CF_MUST_CHECK;
/* As cf_capture_file_open() of fd, which is taken over also on failure; name is for messages. */
enum cf_status cf_capture_file_take(int fd, const char *name, struct cf_capture_file **file_out,
    struct cf_error *error) CF_MUST_CHECK;
void cf_capture_file_close(struct cf_capture_file *file);

/*
 * The next frame. CF_ENOTFOUND at the regular end (error untouched); CF_EMALFORMED when the file is
 * cut or broken from here on, CF_EIO when it cannot be read, with *error filled.
 */
enum cf_status cf_capture_file_next(
    struct cf_capture_file *file, struct cf_frame *frame_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * The next frame, and those behind it that are already in the buffer: at least one, at most room,
 * into frames, or an error as above. All of them live until the next call.
 */
enum cf_status cf_capture_file_batch(struct cf_capture_file *file, struct cf_frame *frames,
    unsigned room, unsigned *count_out, struct cf_error *error) CF_MUST_CHECK;

/* Bytes of the file used so far, and its size (0 when unknown). */
void cf_capture_file_progress(
    const struct cf_capture_file *file, uint64_t *used_out, uint64_t *size_out);

/* What the file is, as cf_byte_source_identity(). */
void cf_capture_file_identity(
    const struct cf_capture_file *file, uint8_t head_sha256[CF_SHA256_BYTES], uint64_t *size_out);
