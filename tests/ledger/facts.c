#include "facts.h"
#include "../scratch_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void box_open(struct box *box)
{
	struct cf_error error = {0};

	*box = (struct box){0};
	assert_non_null(mkdtemp(scratch_template(box->dir, "ledger")));
	snprintf(box->path, sizeof box->path, "%s/ledger.db", box->dir);
	const struct cf_ledger_options options = {.path = box->path, .mode = CF_LEDGER_WRITE};

	assert_int_equal(cf_ledger_open(&options, &box->ledger, NULL, &error), CF_OK);
	assert_int_equal(cf_batch_new(box->ledger, &box->batch, &error), CF_OK);
}

void box_close(struct box *box)
{
	cf_batch_free(box->batch);
	cf_ledger_close(box->ledger);
	assert_true(scratch_drop(box->dir));
}

void box_commit(struct box *box)
{
	struct cf_error error = {0};

	if (cf_batch_commit(box->batch, &error) != CF_OK)
		fail_msg("%s", error.text);
}

struct cf_model *box_model(struct box *box, int64_t at_s)
{
	const struct cf_model_options options = {.at_wall_s = at_s};
	struct cf_model *model = NULL;
	struct cf_error error = {0};

	box_commit(box);
	if (cf_model_load(box->ledger, &options, &model, &error) != CF_OK)
		fail_msg("%s", error.text);
	return model;
}

struct cf_text text_of(const char *text)
{
	return (struct cf_text){.data = text, .len = strlen(text)};
}

struct cf_fact a_query(const char *sensor, const char *addr, int64_t at_s)
{
	return (struct cf_fact){.at_wall_us = at_s * 1000000,
	    .event = CF_EVENT_DNS,
	    .count = 1,
	    .sensor = text_of(sensor),
	    .source = text_of("resolver"),
	    .addr = text_of(addr),
	    .action = CF_ACTION_BLOCK,
	    .via = CF_VIA_QNAME,
	    .list = text_of("kaspersky"),
	    .rule = text_of("kaspersky.com"),
	    .rule_type = text_of("subtree"),
	    .category = text_of("updates"),
	    .product = text_of("KES"),
	    .confidence = text_of("documented"),
	    .value = text_of("dnl-01.geo.kaspersky.com"),
	    .phase = text_of("updates-end"),
	    .cutoff_wall_s = 1727582400};
}

struct cf_fact an_identity(const char *sensor, const char *addr, const char *mac, const char *name,
    int64_t from_s, int64_t to_s)
{
	return (struct cf_fact){.at_wall_us = from_s * 1000000,
	    .event = CF_EVENT_IDENTITY,
	    .count = 1,
	    .sensor = text_of(sensor),
	    .source = text_of("monitor"),
	    .addr = text_of(addr),
	    .mac = text_of(mac),
	    .name = text_of(name),
	    .how = text_of("dhcp"),
	    .from_wall_us = from_s * 1000000,
	    .to_wall_us = to_s * 1000000};
}

struct cf_fact a_beat(
    const char *sensor, const char *source, int64_t started_s, int64_t at_s, uint64_t lost)
{
	return (struct cf_fact){.at_wall_us = at_s * 1000000,
	    .event = CF_EVENT_HEARTBEAT,
	    .count = 1,
	    .sensor = text_of(sensor),
	    .source = text_of(source),
	    .started_wall_us = started_s * 1000000,
	    .seen = (uint64_t)(at_s - started_s),
	    .lost = lost};
}

void box_add(struct box *box, const struct cf_fact *fact)
{
	struct cf_error error = {0};

	if (cf_batch_add(box->batch, fact, &error) != CF_OK)
		fail_msg("%s", error.text);
}

void box_watch(
    struct box *box, const char *sensor, const char *source, int64_t from_s, int64_t to_s)
{
	for (int64_t at = from_s; at < to_s; at += MINUTE) {
		struct cf_fact beat = a_beat(sensor, source, from_s, at, 0);

		box_add(box, &beat);
	}
}

void box_alive(struct box *box, const char *sensor, const char *addr, const char *mac,
    const char *name, int64_t from_s, int64_t to_s)
{
	for (int64_t at = from_s; at < to_s; at += HOUR) {
		struct cf_fact identity =
		    an_identity(sensor, addr, mac, name, at, at + 50 * MINUTE);

		if (at + 50 * MINUTE >= to_s)
			identity.to_wall_us = (to_s - 1) * 1000000;
		box_add(box, &identity);
	}
}

struct text {
	char *bytes;
	size_t len;
};

static void append(void *arg, const char *line, size_t len)
{
	struct text *text = arg;

	text->bytes = realloc(text->bytes, text->len + len + 2);
	assert_non_null(text->bytes);
	memcpy(text->bytes + text->len, line, len);
	text->len += len;
	text->bytes[text->len++] = '\n';
	text->bytes[text->len] = '\0';
}

char *box_dump(struct box *box)
{
	struct text text = {0};
	struct cf_error error = {0};

	append(&text, "", 0);
	assert_int_equal(cf_ledger_dump(box->ledger, append, &text, &error), CF_OK);
	return text.bytes;
}
