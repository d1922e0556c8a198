/*
 * What decoding costs beside reading: CPU time of reading a capture with curfew's own reader, and
 * of reading and decoding it with an observer that only counts.
 *
 *   decodeloop FILE [ROUNDS]
 *
 * Prints one JSON object with the best of ROUNDS (default 3), in nanoseconds a packet. The floor of
 * libpcap is bench/pcaploop's.
 */
#include "monitor/capture/capture_file.h"
#include "monitor/decode/decoder.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct tally {
	uint64_t packets, messages;
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void on_packet(void *context, const struct cf_packet *packet)
{
	struct tally *tally = context;

	(void)packet;
	tally->packets++;
}

static void on_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message)
{
	struct tally *tally = context;

	(void)packet;
	(void)message;
	tally->messages++;
}

static void on_hello(
    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello)
{
	struct tally *tally = context;

	(void)packet;
	(void)hello;
	tally->messages++;
}

static void on_server(
    void *context, const struct cf_packet *packet, const struct cf_server_hello *hello)
{
	struct tally *tally = context;

	(void)packet;
	(void)hello;
	tally->messages++;
}

static void on_request(
    void *context, const struct cf_packet *packet, const struct cf_http_request *request)
{
	struct tally *tally = context;

	(void)packet;
	(void)request;
	tally->messages++;
}

static void on_response(
    void *context, const struct cf_packet *packet, const struct cf_http_response *response)
{
	struct tally *tally = context;

	(void)packet;
	(void)response;
	tally->messages++;
}

/* One pass; without a decoder the frames are only read. */
static uint64_t pass(const char *path, struct cf_decoder *decoder, uint64_t *frames_out)
{
	uint64_t began = cpu_ns(), frames = 0;
	struct cf_capture_file *file;
	struct cf_error error;
	struct cf_frame frame;

	if (cf_capture_file_open(path, &file, &error) != CF_OK) {
		fprintf(stderr, "%s\n", error.text);
		exit(4);
	}
	while (cf_capture_file_next(file, &frame, &error) == CF_OK) {
		frames++;
		if (decoder != NULL)
			cf_decoder_packet(decoder, frame.link_type, frame.interface,
			    frame.at_wall_us, frame.data, frame.captured_bytes, frame.wire_bytes);
	}
	cf_capture_file_close(file);
	*frames_out = frames;
	return cpu_ns() - began;
}

int main(int argc, char **argv)
{
	uint64_t read_ns = UINT64_MAX, decode_ns = UINT64_MAX, frames = 0;
	struct tally tally = {.packets = 0};
	struct cf_observer observer = {
	    .context = &tally,
	    .packet = on_packet,
	    .dns = on_dns,
	    .client_hello = on_hello,
	    .server_hello = on_server,
	    .http_request = on_request,
	    .http_response = on_response,
	};
	int rounds = argc > 2 ? atoi(argv[2]) : 3;

	if (argc < 2) {
		fputs("usage: decodeloop FILE [ROUNDS]\n", stderr);
		return 2;
	}
	for (int i = 0; i < rounds; i++) {
		struct cf_decoder *decoder;
		uint64_t took = pass(argv[1], NULL, &frames);

		read_ns = took < read_ns ? took : read_ns;
		tally = (struct tally){.packets = 0};
		if (cf_decoder_new(&observer, 1, &decoder) != CF_OK)
			return 4;
		took = pass(argv[1], decoder, &frames);
		decode_ns = took < decode_ns ? took : decode_ns;
		cf_decoder_free(decoder);
	}
	if (frames == 0)
		return 1;
	printf("{\"frames\":%llu,\"packets\":%llu,\"messages\":%llu,\"read_ns\":%.1f,"
	       "\"decode_ns\":%.1f}\n",
	    (unsigned long long)frames, (unsigned long long)tally.packets,
	    (unsigned long long)tally.messages, (double)read_ns / (double)frames,
	    (double)decode_ns / (double)frames);
	return 0;
}
