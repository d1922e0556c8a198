/*
 * Feeds the decoder what no network sends: packets of captures cut at every length, or with bytes
 * changed, moved and repeated. Under a sanitizer this proves that hostile bytes are read in bounds;
 * without one, that decoding ends and tables stay whole.
 *
 *   abuse truncate CORPUS            each packet at every captured length
 *   abuse mutate COUNT SEED CORPUS   COUNT packets, changed at random
 *
 * CORPUS has captures in pcap/ and robust/; CURFEW_CORPUS overrides it. Exits 77 when there are
 * none, so that a test that needs captures skips visibly.
 */
#include "monitor/capture/capture_file.h"
#include "monitor/decode/decoder.h"
#include "monitor/message/decode_dns.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKETS = 65536, LONGEST = 65536, SKIPPED = 77 };

struct sample {
	int link_type;
	int64_t at_wall_us;
	size_t wire_bytes;
	size_t len;
	uint8_t *data;
};

struct abuse {
	struct cf_decoder *decoder;
	struct sample samples[PACKETS];
	size_t sample_count;
	uint64_t random;
	uint64_t sum; /* of every byte handed over: each is read */
	uint64_t messages;
};

static void read_slice(struct abuse *abuse, struct cf_slice slice)
{
	for (size_t i = 0; i < slice.len; i++)
		abuse->sum += slice.data[i];
}

static void on_packet(void *context, const struct cf_packet *packet)
{
	struct abuse *abuse = context;

	abuse->sum += packet->src.bytes[0] + packet->dst_port;
	if (packet->mac_src != NULL)
		abuse->sum += packet->mac_src[5];
	read_slice(abuse, packet->payload);
}

static void on_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct abuse *abuse = context;
	struct cf_dns_record record;
	struct cf_name name;
	uint16_t type, class;

	(void)packet;
	abuse->messages++;
	while (cf_dns_question_next(message, &cursor, &name, &type, &class))
		abuse->sum += type + name.wire_len;
	while (cf_dns_record_next(message, &cursor, &record)) {
		read_slice(abuse, record.rdata);
		if (cf_dns_name_at(message, record.rdata_offset, &name, NULL))
			abuse->sum += name.label_count;
	}
}

static void on_client_hello(
    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello)
{
	struct abuse *abuse = context;

	(void)packet;
	abuse->messages++;
	read_slice(abuse, hello->sni);
	read_slice(abuse, hello->ciphers);
	read_slice(abuse, hello->extensions);
	read_slice(abuse, hello->alpn);
	read_slice(abuse, hello->versions);
	read_slice(abuse, hello->signatures);
	read_slice(abuse, hello->groups);
}

static void on_server_hello(
    void *context, const struct cf_packet *packet, const struct cf_server_hello *hello)
{
	(void)packet;
	read_slice(context, hello->certificate);
}

static void on_request(
    void *context, const struct cf_packet *packet, const struct cf_http_request *request)
{
	struct abuse *abuse = context;

	(void)packet;
	abuse->messages++;
	read_slice(abuse, request->method);
	read_slice(abuse, request->target);
	read_slice(abuse, request->host);
	read_slice(abuse, request->user_agent);
	read_slice(abuse, request->headers);
}

static void on_response(
    void *context, const struct cf_packet *packet, const struct cf_http_response *response)
{
	(void)packet;
	read_slice(context, response->headers);
	read_slice(context, response->body);
}

static void on_raw(
    void *context, const struct cf_packet *packet, enum cf_raw_kind kind, struct cf_slice bytes)
{
	(void)packet;
	(void)kind;
	read_slice(context, bytes);
}

static void start(struct abuse *abuse)
{
	struct cf_observer observer = {
	    .context = abuse,
	    .packet = on_packet,
	    .dns = on_dns,
	    .client_hello = on_client_hello,
	    .server_hello = on_server_hello,
	    .http_request = on_request,
	    .http_response = on_response,
	    .raw = on_raw,
	};

	if (cf_decoder_new(&observer, 1, &abuse->decoder) != CF_OK)
		abort();
}

static void load_file(struct abuse *abuse, const char *path)
{
	struct cf_capture_file *file;
	struct cf_error error;
	struct cf_frame frame;

	if (cf_capture_file_open(path, &file, &error) != CF_OK)
		return; /* some captures are broken on purpose */
	while (
	    abuse->sample_count < PACKETS && cf_capture_file_next(file, &frame, &error) == CF_OK) {
		struct sample *sample = &abuse->samples[abuse->sample_count];

		if (frame.captured_bytes > LONGEST)
			continue;
		*sample = (struct sample){.link_type = frame.link_type,
		    .at_wall_us = frame.at_wall_us,
		    .wire_bytes = frame.wire_bytes,
		    .len = frame.captured_bytes,
		    .data = malloc(frame.captured_bytes + 1)};
		if (sample->data == NULL)
			abort();
		if (sample->len > 0)
			memcpy(sample->data, frame.data, sample->len);
		abuse->sample_count++;
	}
	cf_capture_file_close(file);
}

static bool load(struct abuse *abuse, const char *corpus, const char *part)
{
	char directory[2048], path[4096];
	const struct dirent *entry;
	DIR *open;

	if (snprintf(directory, sizeof directory, "%s/%s", corpus, part) >= (int)sizeof directory)
		return false;
	open = opendir(directory);
	if (open == NULL)
		return false;
	while ((entry = readdir(open)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) <
		    (int)sizeof path)
			load_file(abuse, path);
	}
	closedir(open);
	return true;
}

/* Decodes a copy of exact size: a sanitizer then sees each byte read behind its end. */
static void decode(
    struct abuse *abuse, const struct sample *sample, const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len == 0 ? 1 : len);

	if (exact == NULL)
		abort();
	memcpy(exact, data, len);
	cf_decoder_expect(abuse->decoder, sample->link_type, exact, len);
	cf_decoder_packet(abuse->decoder, sample->link_type, 0, sample->at_wall_us, exact, len,
	    sample->wire_bytes);
	free(exact);
}

static void truncate_all(struct abuse *abuse)
{
	for (size_t i = 0; i < abuse->sample_count; i++)
		for (size_t len = 0; len <= abuse->samples[i].len; len++)
			decode(abuse, &abuse->samples[i], abuse->samples[i].data, len);
}

static uint64_t next_random(struct abuse *abuse)
{
	abuse->random ^= abuse->random << 13;
	abuse->random ^= abuse->random >> 7;
	abuse->random ^= abuse->random << 17;
	return abuse->random;
}

/* One change: a byte, a bit, an extreme value, a run moved, or a cut. */
static size_t change(struct abuse *abuse, uint8_t *data, size_t len)
{
	static const uint8_t extremes[] = {0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};
	size_t at = next_random(abuse) % len, from = next_random(abuse) % len, run;

	switch (next_random(abuse) % 6) {
	case 0:
		data[at] = (uint8_t)next_random(abuse);
		return len;
	case 1:
		data[at] ^= (uint8_t)(1U << next_random(abuse) % 8);
		return len;
	case 2:
		data[at] = extremes[next_random(abuse) % sizeof extremes];
		return len;
	case 3:
		run = len - (at > from ? at : from);
		run = run == 0 ? 0 : next_random(abuse) % run;
		memmove(data + at, data + from, run);
		return len;
	case 4: /* early bytes are headers: twice as likely to matter */
		data[at % 64 < len ? at % 64 : at] = (uint8_t)next_random(abuse);
		return len;
	default:
		return at == 0 ? len : at;
	}
}

static void mutate(struct abuse *abuse, uint64_t count)
{
	static uint8_t work[LONGEST];

	for (uint64_t i = 0; i < count; i++) {
		const struct sample *sample =
		    &abuse->samples[next_random(abuse) % abuse->sample_count];
		size_t len = sample->len;

		memcpy(work, sample->data, len);
		for (uint64_t changes = next_random(abuse) % 5; changes > 0 && len > 0; changes--)
			len = change(abuse, work, len);
		decode(abuse, sample, work, len);
	}
}

int main(int argc, char **argv)
{
	static struct abuse abuse = {.random = 88172645463325252ULL};
	bool mutating = argc > 1 && strcmp(argv[1], "mutate") == 0;
	int at = mutating ? 4 : 2;
	const char *corpus = getenv("CURFEW_CORPUS");

	if (argc != at + 1 || (!mutating && strcmp(argv[1], "truncate") != 0)) {
		fputs("usage: abuse truncate CORPUS | abuse mutate COUNT SEED CORPUS\n", stderr);
		return 2;
	}
	if (corpus == NULL)
		corpus = argv[at];
	if (!load(&abuse, corpus, "pcap") || !load(&abuse, corpus, "robust")) {
		fputs("skipped: no captures here\n", stderr);
		return SKIPPED;
	}
	start(&abuse);
	if (mutating) {
		abuse.random ^= strtoull(argv[3], NULL, 10) << 20;
		mutate(&abuse, strtoull(argv[2], NULL, 10));
	} else {
		truncate_all(&abuse);
	}
	cf_decoder_flush(abuse.decoder);
	printf("%zu packets loaded, %llu frames decoded, %llu messages\n", abuse.sample_count,
	    (unsigned long long)cf_decoder_counters_get(abuse.decoder)->at[CF_COUNT_FRAMES],
	    (unsigned long long)abuse.messages);
	cf_decoder_free(abuse.decoder);
	for (size_t i = 0; i < abuse.sample_count; i++)
		free(abuse.samples[i].data);
	return abuse.messages > 0 ? 0 : 1;
}
