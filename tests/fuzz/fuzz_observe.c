/*
 * The whole monitor but for the capture: frames, each behind two bytes of length, through decoder
 * and observer into a log that goes nowhere. The image lists what frames made by hand are likely to
 * hold.
 */

#include "promise.h"

#include "compile/image/image_writer.h"
#include "monitor/decode/decoder.h"
#include "monitor/observe/observe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void add_signature(
    struct cf_image_builder *builder, const char *kind, const char *match, const char *value)
{
	struct cf_signature signature = {.kind = kind, .match = match, .value = value};

	must(cf_image_builder_add_signature(builder, &signature) == CF_OK);
}

static struct cf_image *make_image(void)
{
	struct cf_network network = {.kind = CF_NETWORK_DEDICATED,
	    .category = CF_CATEGORY_UPDATES,
	    .asn = 200107,
	    .until_wall_s = INT64_MAX};
	struct cf_image_attr attr = {.category = CF_CATEGORY_UPDATES, .list = "test"};
	struct cf_port port = {
	    .role = "ksn-proxy", .direction = "lan", .proto = 6, .first = 13111, .last = 13111};
	struct cf_resolver resolver = {.role = "fallback", .order = 1, .operator_name = "x"};
	struct cf_image_builder *builder;
	struct cf_image *image;
	struct cf_error error;
	struct cf_name name;
	void *data;
	size_t len;

	must(cf_image_builder_new(&builder) == CF_OK);
	must(cf_prefix_parse("77.74.176.0/21", &network.prefix) == CF_OK);
	must(cf_image_builder_add_network(builder, &network) == CF_OK);
	must(cf_prefix_parse("2a03:2480::/32", &network.prefix) == CF_OK);
	must(cf_image_builder_add_network(builder, &network) == CF_OK);
	must(cf_name_from_text("kaspersky.com", 13, &name) == CF_OK);
	must(cf_image_builder_add_name(builder, &name, CF_SCOPE_SUBTREE, &attr, 1) == CF_OK);
	must(cf_image_builder_add_port(builder, &port) == CF_OK);
	must(cf_addr_parse("8.8.8.8", &resolver.addr) == CF_OK);
	must(cf_image_builder_add_resolver(builder, &resolver) == CF_OK);
	add_signature(builder, "http-uri", "glob", "/updates/*-1313g.xml.*");
	add_signature(builder, "http-user-agent", "lead-base64", "*@");
	add_signature(builder, "http-host-literal", "exact", "address");
	add_signature(builder, "body-magic", "prefix", "KLZF");
	add_signature(builder, "tls-issuer", "contains", "Kaspersky Lab");
	must(cf_image_builder_to_memory(builder, &data, &len, &error) == CF_OK);
	must(cf_image_from_memory(data, len, &image, &error) == CF_OK);
	cf_image_builder_free(builder);
	return image; /* data lives as long as the process */
}

static struct cf_watchlist *watchlist(void)
{
	static struct cf_watchlist *list;

	if (list == NULL)
		must(cf_watchlist_new(make_image(), &list) == CF_OK);
	return list;
}

static void feed(
    struct cf_decoder *decoder, struct cf_observe *observe, const uint8_t *data, size_t len)
{
	int64_t at_wall_us = INT64_C(1727582400000000);

	while (len >= 2) {
		size_t size = (size_t)data[0] << 8 | data[1];

		data += 2;
		len -= 2;
		if (size > len)
			size = len;
		cf_decoder_packet(decoder, 1, 0, at_wall_us, data, size, size);
		data += size;
		len -= size;
		at_wall_us += INT64_C(500000);
		cf_decoder_reap(decoder, at_wall_us);
		cf_observe_reap(observe, at_wall_us);
	}
}

/* Made once: the tables are large, and what one input leaves in them must not hurt the next. */
struct run {
	struct cf_log *log;
	struct cf_monitor *monitor;
	struct cf_observe *observe;
	struct cf_decoder *decoder;
};

static void start(struct run *run)
{
	static const char *const names[] = {"fuzz"};
	struct cf_monitor_options options = {.evidence = CF_EVIDENCE_ALL,
	    .encrypted_dns = true,
	    .interface_names = names,
	    .interface_count = 1};
	struct cf_log_options log_options = {.path = "/dev/null",
	    .sensor = "fuzz",
	    .source = "monitor",
	    .privacy = "full",
	    .privacy_key_file = "",
	    .synchronous = true,
	    .repeatable = true};
	struct cf_observer observer;
	struct cf_error error;

	must(cf_log_open(&log_options, &run->log, &error) == CF_OK);
	must(cf_monitor_new(&options, &run->monitor) == CF_OK);
	must(cf_observe_new(run->monitor, cf_log_producer(run->log), watchlist(), &run->observe) ==
	    CF_OK);
	observer = cf_observe_observer(run->observe);
	must(cf_decoder_new(&observer, 0, &run->decoder) == CF_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct run run;

	if (run.log == NULL)
		start(&run);
	feed(run.decoder, run.observe, data, len);
	cf_decoder_flush(run.decoder);
	cf_observe_flush(run.observe);
	cf_log_pump(run.log, INT64_C(1727590000000000));
	return 0;
}
