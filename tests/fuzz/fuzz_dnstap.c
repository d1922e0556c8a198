/*
 * A resolver's stream, hostile from its first byte: through Frame Streams, dnstap, DNS and the
 * decision into a log that goes nowhere. Bytes that do not begin like a stream are taken for a
 * single payload, so that the fuzzer gets to it. What is told of a frame lies within it.
 */

#include "promise.h"

#include "base/limits.h"
#include "compile/image/image_writer.h"
#include "records/write/log.h"
#include "tap/balance.h"
#include "tap/frames.h"
#include "tap/intake.h"

#include <stdlib.h>
#include <string.h>

#define AT_WALL_US INT64_C(1796000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct target {
	struct cf_intake *intake;
	struct cf_balance *balance;
	unsigned frames;
};

static struct cf_watchlist *watchlist(void)
{
	struct cf_network network = {.kind = CF_NETWORK_DEDICATED,
	    .category = CF_CATEGORY_UPDATES,
	    .until_wall_s = INT64_MAX};
	struct cf_image_attr attr = {.category = CF_CATEGORY_UPDATES, .list = "test"};
	static struct cf_watchlist *list;
	struct cf_image_builder *builder;
	struct cf_image *image;
	struct cf_error error;
	struct cf_name name;
	void *bytes; /* live as long as the process */
	size_t len;

	if (list != NULL)
		return list;
	must(cf_image_builder_new(&builder) == CF_OK);
	must(cf_prefix_parse("77.74.176.0/21", &network.prefix) == CF_OK);
	must(cf_image_builder_add_network(builder, &network) == CF_OK);
	must(cf_name_from_text("kaspersky.com", 13, &name) == CF_OK);
	must(cf_image_builder_add_name(builder, &name, CF_SCOPE_SUBTREE, &attr, 1) == CF_OK);
	must(cf_image_builder_to_memory(builder, &bytes, &len, &error) == CF_OK);
	must(cf_image_from_memory(bytes, len, &image, &error) == CF_OK);
	cf_image_builder_free(builder);
	must(cf_watchlist_new(image, &list) == CF_OK);
	return list;
}

/* One for all inputs. */
static struct cf_log *hit_log(void)
{
	struct cf_log_options options = {.path = "/dev/null",
	    .sensor = "fuzz",
	    .source = "tap",
	    .privacy = "full",
	    .privacy_key_file = "",
	    .queue_bytes = 65536,
	    .synchronous = true,
	    .repeatable = true};
	static struct cf_log *log;

	if (log == NULL)
		must(cf_log_open(&options, &log, NULL) == CF_OK);
	return log;
}

static void open_target(struct target *target)
{
	static const struct cf_locality nobody;
	static const uint8_t key[16];
	static struct cf_producer *producer;
	struct cf_intake_options options = {.locality = &nobody, .offline = true};

	if (producer == NULL)
		producer = cf_log_producer(hit_log());
	must(producer != NULL);
	options.producer = producer;
	must(cf_intake_new(&options, &target->intake) == CF_OK);
	must(cf_balance_new(key, &target->balance) == CF_OK);
	cf_intake_swap(target->intake, watchlist(), 0);
	target->frames = 0;
}

static void close_target(struct target *target)
{
	struct cf_tap_counts counts;
	char text[CF_RECORD_BYTES / 2];

	cf_intake_reap(target->intake, AT_WALL_US);
	cf_intake_flush(target->intake, AT_WALL_US);
	cf_intake_counts(target->intake, &counts);
	must(counts.frames == target->frames);
	must(
	    counts.questions + counts.answers + counts.upstream + counts.other + counts.malformed >=
	    counts.frames);
	must(strlen(cf_tap_counts_format(&counts, text, sizeof text)) < sizeof text - 1);
	cf_log_pump(hit_log(), AT_WALL_US);
	cf_intake_free(target->intake);
	cf_balance_free(target->balance);
}

static void on_frame(void *arg, const uint8_t *payload, size_t len)
{
	struct target *target = arg;

	must(len > 0 && len <= CF_TAP_FRAME_BYTES);
	target->frames++;
	(void)cf_intake_take(target->intake, target->balance, payload, len, AT_WALL_US, NULL);
}

/* In pieces of a size that the input chooses. */
static void feed_stream(struct target *target, const uint8_t *data, size_t len)
{
	size_t piece = len > 8 ? (size_t)data[len - 1] % 61 + 1 : len, reply_len;
	struct cf_frames *frames;
	struct cf_error error;

	must(cf_frames_new(on_frame, target, &frames) == CF_OK);
	for (size_t at = 0; at < len; at += piece) {
		size_t here = len - at < piece ? len - at : piece;

		if (cf_frames_feed(frames, data + at, here, &error) != CF_OK) {
			must(error.text[0] != '\0');
			break;
		}
		(void)cf_frames_reply(frames, &reply_len);
	}
	cf_frames_free(frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t beginning[4];
	struct target target;

	open_target(&target);
	if (len >= 4 && memcmp(data, beginning, 4) == 0)
		feed_stream(&target, data, len);
	else if (len > 0 && len <= CF_TAP_FRAME_BYTES)
		on_frame(&target, data, len);
	close_target(&target);
	return 0;
}
